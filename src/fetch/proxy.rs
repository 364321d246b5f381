//! Which proxies requests go through, as far as the address guard must know: a proxy may stand in the private
//! network, and names that go through one are resolved there, not here.

use std::collections::BTreeSet;

use crate::config::ProxyChoice;

/// Variables that name a proxy (as curl and reqwest read them).
const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Names of the configured proxies.
pub(super) fn hosts(choice: &ProxyChoice) -> BTreeSet<String> {
    match choice {
        ProxyChoice::None => BTreeSet::new(),
        ProxyChoice::Fixed(url) => url.host_str().map(str::to_owned).into_iter().collect(),
        ProxyChoice::Env => {
            let values = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
            values.filter_map(|value| host_of(&value)).collect()
        }
    }
}

fn host_of(value: &str) -> Option<String> {
    let value = value.trim();
    let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    url::Url::parse(&text).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_with_or_without_scheme() {
        assert_eq!(host_of("http://user:pw@proxy.lan:3128"), Some("proxy.lan".into()));
        assert_eq!(host_of("proxy.lan:3128"), Some("proxy.lan".into()));
        assert_eq!(host_of(""), None);
        let fixed = ProxyChoice::Fixed(url::Url::parse("http://10.0.0.1:3128").unwrap());
        assert!(hosts(&fixed).contains("10.0.0.1"));
    }
}
