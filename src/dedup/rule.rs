//! Why two entries are one story.

/// What joins an entry to a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The first of its story.
    First,
    /// One address under several ids or schemes.
    SameAddress,
    /// One text.
    SameBody,
    /// One title, close in time, where a body says nothing.
    SameTitle,
    /// Most of the one body stands in the other.
    Body,
    /// Half of the one body stands in the other, under like titles.
    BodyTitle,
    /// One title, close in time, of one province, and bodies that begin alike.
    TitleLead,
    /// The same figures in related words.
    Figures,
    /// One event by place, date, figures and names, in other words.
    Event,
    /// Its publisher's own later text, most of it the same: what it was before is corrected.
    Correction,
    /// An old story told again: two of address, title and text are the same, the rest is no longer compared.
    Again,
}

impl Rule {
    /// Those that join, for tables.
    pub const JOINING: [Self; 8] = [
        Self::SameAddress,
        Self::SameBody,
        Self::SameTitle,
        Self::Body,
        Self::BodyTitle,
        Self::TitleLead,
        Self::Figures,
        Self::Event,
    ];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::SameAddress => "same-address",
            Self::SameBody => "same-body",
            Self::SameTitle => "same-title",
            Self::Body => "body",
            Self::BodyTitle => "body-title",
            Self::TitleLead => "title-lead",
            Self::Figures => "figures",
            Self::Event => "event",
            Self::Correction => "correction",
            Self::Again => "again",
        }
    }

    /// What it says, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "it opened the story",
            Self::SameAddress => "the same address",
            Self::SameBody => "the same text, letter for letter",
            Self::SameTitle => "the same title within days, and no text that contradicts",
            Self::Body => "most of one text stands in the other",
            Self::BodyTitle => "half of one text stands in the other, under like titles",
            Self::TitleLead => "the same title within days, one province, and texts that begin alike",
            Self::Figures => "the same figures in related words",
            Self::Correction => "its publisher's own later text, most of it the same: a correction",
            Self::Event => "one event by place, date, figures and names, in other words",
            Self::Again => "an old story told again: two of address, title and text are the same",
        }
    }

    /// The rule of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = |rule: &Self| rule.as_str() == name;
        Self::JOINING.into_iter().chain([Self::First, Self::Correction, Self::Again]).find(named)
    }

    /// Whether it holds between any two copies, not only with a story's head.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::SameAddress | Self::SameBody | Self::SameTitle)
    }
}
