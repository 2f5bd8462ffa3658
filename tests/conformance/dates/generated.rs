//! Lines put together by a generator of our own, from a fixed seed: the same on every machine.

use super::vectors::{SHAPES, ZONES};
use super::{NOON, Session};

/// A sequence of numbers that looks like chance (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.roll(from.len())]
    }

    /// A number as a clock or calendar has it, sometimes out of its bounds, sometimes short.
    fn part(&mut self, most: usize) -> String {
        let value = self.roll(most + 2);
        if self.roll(6) == 0 {
            value.to_string()
        } else {
            format!("{value:02}")
        }
    }

    /// A date in no shape that anybody planned.
    fn date(&mut self) -> String {
        let year = self.pick(&["2005", "05", "1999", "2024", "2026", "0000"]);
        let month = match self.roll(3) {
            0 => self.pick(&["Jan", "feb", "AUG", "Dec", "Sept", "Mai"]).to_owned(),
            _ => self.part(12),
        };
        let day = self.part(31);
        let apart = self.pick(&["-", "/", ".", " ", ""]);
        let parts = match self.roll(4) {
            0 => [year.to_owned(), month, day],
            1 => [day, month, year.to_owned()],
            2 => [month, day, year.to_owned()],
            _ => [month, day, String::new()],
        };
        let between = self.pick(&[" ", "T", ":", "  ", "-", ", ", "@"]);
        let colon = self.pick(&[":", ":", ":", "", "."]);
        let time = [self.part(23), self.part(59), self.part(60)].join(colon);
        let tail = self.pick(&[
            "",
            "",
            "",
            ".123",
            ",5",
            ".987654321",
            "Z",
            " +0200",
            "-05:00",
            " CET",
            " PM",
            " 2005",
        ]);
        format!("{}{between}{time}{tail}", parts.join(apart).trim_end())
    }

    fn piece(&mut self) -> String {
        const WORDS: [&str; 20] = [
            "sshd[2211]:",
            "Failed password for",
            "from",
            "192.0.2.7",
            "2001:db8:1::2",
            "10.05.20.05",
            "port 21592",
            "GET /2005/01/23/21:59 HTTP/1.1",
            "-",
            "|",
            "user=Jan-23-05",
            "ORA-20050123",
            "é",
            "漢字",
            "٣٤",
            "mon",
            "level=INFO",
            "id=1106513999",
            "[error]",
            "1:2:3",
        ];
        match self.roll(8) {
            0 | 1 => self.date(),
            2 => SHAPES[self.roll(SHAPES.len())].to_owned(),
            3 => self
                .pick(&["[", "]", "(", ")", "<", "\"", ": ", ", ", "  ", "\t", "##"])
                .to_owned(),
            _ => format!("{} ", self.pick(&WORDS)),
        }
    }

    fn line(&mut self) -> String {
        match self.roll(9) {
            0 => {
                let address = self.pick(&["203.0.113.9", "2001:db8::1"]);
                let (user, agent) = (self.piece(), self.piece());
                let minute = self.roll(60);
                format!(
                    "{address} - {user} [14/Aug/2005:10:{minute:02}:00 +0000] \"GET / HTTP/1.1\" 401 \"-\" \"{agent}\""
                )
            }
            _ => (0..1 + self.roll(5)).map(|_| self.piece()).collect(),
        }
    }
}

/// Some thousand lines alone, and more in logs.
pub fn all() -> Vec<Session> {
    let mut dice = Dice(20_050_814);
    let mut all: Vec<Session> = (0..4000).map(|_| Session::new("", [dice.line()])).collect();
    let patterns = [
        "",
        "",
        "{DEFAULT}",
        "{^LN-BEG}",
        "{DATE}:?",
        "%Y-%m-%d[T ]%H:%M\n{^LN-BEG}",
        "%b %d %H:%M\nEPOCH",
    ];
    for n in 0..240 {
        let mut session = Session::new(patterns[n % patterns.len()], [""; 0]).zone(ZONES[n % 4]);
        let mut now = NOON;
        while session.lines.len() < 30 {
            // Logs repeat their shape for a while.
            let line = dice.line();
            for _ in 0..1 + dice.roll(4) {
                now += [0, 1, 90, 301][dice.roll(4)];
                session.lines.push((now, line.clone()));
            }
        }
        all.push(session);
    }
    all
}
