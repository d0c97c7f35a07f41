//! How many servers a load needs so that nobody waits long: Erlang's C formula, with Allen and
//! Cunneen's factor for arrivals and services that vary otherwise than at random.
//!
//! With a = arrival rate x service time (the offered load, in servers) and c servers,
//!
//! ```text
//! B(0) = 1,  B(c) = a B(c - 1) / (c + a B(c - 1))          Erlang B
//! C = B / (1 - (a / c) (1 - B))                            probability that a request waits
//! mean wait = C x service time / (c - a) x (C_a^2 + C_s^2) / 2
//! ```
//!
//! A server here is a place in a running batch. The factor is 1 for Poisson arrivals and
//! exponential services, where the formula is exact.

/// No load needs more servers.
pub const MOST_SERVERS: u64 = 50_000_000;

/// A stream of requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stream {
    /// Requests per second.
    pub arrivals_per_s: f64,
    /// Time that a request holds a server.
    pub service_s: f64,
    /// Variance over squared mean of the times between arrivals; 1 is Poisson, more is bursty.
    pub arrival_variation: f64,
    /// Variance over squared mean of the service times; 1 is exponential.
    pub service_variation: f64,
}

impl Stream {
    /// Servers that would be busy on average.
    #[must_use]
    pub fn offered(&self) -> f64 {
        self.arrivals_per_s * self.service_s
    }

    /// The fewest servers with which the mean wait is at most `most_wait_s`; nothing if they would
    /// be more than [`MOST_SERVERS`].
    #[must_use]
    pub fn servers(&self, most_wait_s: f64) -> Option<u64> {
        let offered = self.offered();
        let mut blocked = 1.0;
        for servers in 1..=MOST_SERVERS {
            blocked = next_blocked(blocked, offered, servers);
            if servers as f64 > offered && self.wait(blocked, servers) <= most_wait_s {
                return Some(servers);
            }
            // Beyond reach of any further server.
            if offered > MOST_SERVERS as f64 {
                return None;
            }
        }
        None
    }

    /// Mean wait with so many servers, of whom a share `blocked` would turn arrivals away if
    /// nobody could wait.
    fn wait(&self, blocked: f64, servers: u64) -> f64 {
        let (c, a) = (servers as f64, self.offered());
        let factor = (self.arrival_variation + self.service_variation) / 2.0;
        waiting(blocked, a, c) * self.service_s / (c - a) * factor
    }
}

/// Erlang B with one more server.
fn next_blocked(blocked: f64, offered: f64, servers: u64) -> f64 {
    let turned_away = offered * blocked;
    turned_away / (servers as f64 + turned_away)
}

/// Erlang C from Erlang B.
fn waiting(blocked: f64, offered: f64, servers: f64) -> f64 {
    blocked / (1.0 - offered / servers * (1.0 - blocked))
}

/// The probability that a request waits.
#[must_use]
pub fn erlang_c(servers: u64, offered: f64) -> f64 {
    if offered >= servers as f64 {
        return 1.0;
    }
    let blocked = (1..=servers).fold(1.0, |b, c| next_blocked(b, offered, c));
    waiting(blocked, offered, servers as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One server is M/M/1, where requests wait with probability a; two servers at a = 1 with
    /// probability 1/3; ten at a = 8 with 0.4092, as tables of Erlang C have it.
    #[test]
    fn erlang_c_as_in_tables() {
        assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
        assert!((erlang_c(2, 1.0) - 1.0 / 3.0).abs() < 1e-12);
        assert!((erlang_c(10, 8.0) - 0.409_2).abs() < 5e-5);
        assert_eq!(erlang_c(3, 3.0), 1.0);
    }

    #[test]
    fn servers_by_hand() {
        let stream = Stream {
            arrivals_per_s: 0.7,
            service_s: 1.0,
            arrival_variation: 1.0,
            service_variation: 1.0,
        };
        // M/M/1 waits a / (1 - a) = 2.333 s.
        assert_eq!(stream.servers(2.34), Some(1));
        assert_eq!(stream.servers(2.33), Some(2));
        // Services that do not vary wait half as long.
        let even = Stream { service_variation: 0.0, ..stream };
        assert_eq!(even.servers(1.17), Some(1));
        let bursty = Stream { arrival_variation: 9.0, ..stream };
        assert!(bursty.servers(0.02) > stream.servers(0.02));
        assert_eq!(Stream { arrivals_per_s: 1e12, ..stream }.servers(1.0), None);
    }
}
