//! Hanweb's lists, whose rows are HTML in CDATA in XML, that XML standing alone or in a script of the page.

/// Where a record begins.
const RECORD: &str = "<record>";
/// Where its HTML begins and ends.
const CDATA: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";

/// Makes one HTML document of the records in a text, one `ul.records > li` each; `None` when it holds none.
pub fn unwrap_records(text: &str) -> Option<String> {
    let mut at = text.find(RECORD)?;
    let mut list = String::from("<ul class=\"records\">\n");
    let mut n_records = 0_usize;
    loop {
        at += RECORD.len();
        let Some(record) = text[at..].trim_start().strip_prefix(CDATA) else { break };
        let Some(end) = record.find(CDATA_END) else { break };
        push_row(&mut list, record[..end].trim());
        n_records += 1;
        let rest = &record[end + CDATA_END.len()..];
        at = text.len() - rest.len();
        let Some(next) = rest.find(RECORD) else { break };
        at += next;
    }
    list.push_str("</ul>\n");
    (n_records > 0).then_some(list)
}

/// Adds a record as a list item, whatever element it brings.
fn push_row(list: &mut String, record: &str) {
    let brings = |tag: &str| record.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    let (before, after) = if brings("<li") {
        ("", "")
    } else if brings("<tr") || brings("<td") {
        ("<li><table>", "</table></li>")
    } else {
        ("<li>", "</li>")
    };
    list.push_str(before);
    list.push_str(record);
    list.push_str(after);
    list.push('\n');
}
