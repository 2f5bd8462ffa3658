//! Plots as SVG, without a library: two axes with logarithmic scales and two series, or bars on one such scale.
//!
//! Colours follow the reader's light or dark scheme.
use crate::figures::{Curve, Row, number};
use crate::lab::subject::Subject;
use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const STYLE: &str = "<style>\
    text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:12px;fill:#57606a}.title{font-size:15px;\
    font-weight:600}.grid{stroke:#d0d7de;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}.a{stroke:#0969da;\
    fill:#0969da}.b{stroke:#bc4c00;fill:#bc4c00}.c{stroke:#6639ba;fill:#6639ba}.line{fill:none;stroke-width:2}\
    .back{fill:#fff}.ideal{stroke:#57606a;stroke-width:1;stroke-dasharray:4 4;fill:none}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9da7b3}.grid{stroke:#30363d}.axis{stroke:#9da7b3}\
    .a{stroke:#58a6ff;fill:#58a6ff}.b{stroke:#f0883e;fill:#f0883e}.c{stroke:#bc8cff;fill:#bc8cff}.line{fill:none}\
    .back{fill:#0d1117}.ideal{stroke:#9da7b3}}</style>";

fn open(height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\"><title>{0}</title>{STYLE}<rect class=\"back\" width=\"{WIDTH}\" \
         height=\"{height}\" rx=\"6\"/><text class=\"title\" x=\"24\" y=\"30\">{0}</text>",
        escape(title)
    )
}

/// The plain text of a title: no backticks, and nothing that is markup.
fn escape(text: &str) -> String {
    text.replace('`', "")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A scale from power of ten to power of ten.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn around(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let logs: Vec<f64> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
        let low = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        Scale {
            low,
            high: high.max(low + 1.0),
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value.log10() - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        (self.low as i32..=self.high as i32).map(|power| 10f64.powi(power))
    }
}

/// What stands at a power of ten.
fn label(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", number_plain(v / 1e6)),
        v if v >= 1e3 => format!("{},000", number_plain(v / 1e3)),
        v => number_plain(v),
    }
}

fn number_plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Cost over work, with each one's slope in the legend and a dashed line of slope 1.
pub fn curve(curve: &Curve) -> String {
    let height = 420.0;
    let (ours, theirs) = (curve.points(Subject::Bantam), curve.points(Subject::Original));
    let all = || ours.iter().chain(&theirs);
    let x = Scale::around(all().map(|point| point.0), 90.0, WIDTH - 30.0);
    let y = Scale::around(all().map(|point| point.1), height - 90.0, 90.0);
    let mut svg = open(height, curve.title);
    for tick in x.ticks() {
        let at = x.at(tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{}\"/><text class=\"small\" \
             x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            y.from,
            y.to,
            y.from + 20.0,
            label(tick)
        );
    }
    for tick in y.ticks() {
        let at = y.at(tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=\"small\" x=\"{}\" \
             y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            x.from,
            x.to,
            x.from - 8.0,
            at + 4.0,
            label(tick)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text><text transform=\"translate(24 {:.1}) \
         rotate(-90)\" text-anchor=\"middle\">{}</text>",
        (x.from + x.to) / 2.0,
        height - 42.0,
        escape(curve.work),
        (y.from + y.to) / 2.0,
        escape(curve.cost)
    );
    ideal(&mut svg, &x, &y, &ours);
    let mut legend = 24.0;
    for (class, name, points, subject) in [
        ("a", "Bantam", &ours, Subject::Bantam),
        ("b", "original", &theirs, Subject::Original),
    ] {
        series(&mut svg, class, points, &x, &y);
        let slope = curve.slope(subject);
        let text = match slope.is_finite() {
            true => format!("{name}, steepest slope {slope:.2}"),
            false => name.to_owned(),
        };
        legend = key(&mut svg, class, legend, 56.0, &text);
    }
    let _ = write!(
        svg,
        "<line class=\"ideal\" x1=\"{legend}\" x2=\"{}\" y1=\"52\" y2=\"52\"/><text class=\"small\" x=\"{}\" \
         y=\"56\">linear</text>",
        legend + 24.0,
        legend + 32.0
    );
    svg.push_str("</svg>\n");
    svg
}

/// A line of slope 1 through the last point, as far as it stays on the plot.
fn ideal(svg: &mut String, x: &Scale, y: &Scale, points: &[(f64, f64)]) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let lowest = 10f64.powf(y.low);
    let left = first.0.max(last.0 * lowest / last.1);
    let _ = write!(
        svg,
        "<line class=\"ideal\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        x.at(left),
        y.at(last.1 * left / last.0),
        x.at(last.0),
        y.at(last.1)
    );
}

fn series(svg: &mut String, class: &str, points: &[(f64, f64)], x: &Scale, y: &Scale) {
    let places: Vec<(f64, f64)> = points.iter().map(|point| (x.at(point.0), y.at(point.1))).collect();
    let path = places.iter().fold(String::new(), |mut path, (left, top)| {
        let _ = write!(path, "{left:.1},{top:.1} ");
        path
    });
    let _ = write!(svg, "<polyline class=\"{class} line\" points=\"{}\"/>", path.trim_end());
    for (left, top) in places {
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"4\"/>"
        );
    }
}

/// A coloured box and what it stands for; where the next one begins.
fn key(svg: &mut String, class: &str, left: f64, top: f64, text: &str) -> f64 {
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{left}\" y=\"{}\" width=\"12\" height=\"12\"/><text class=\"small\" x=\"{}\" \
         y=\"{top}\">{}</text>",
        top - 10.0,
        left + 18.0,
        escape(text)
    );
    left + 18.0 + 7.0 * text.chars().count() as f64 + 24.0
}

/// Bars for all rows of one unit, each labelled with its value.
pub fn bars(title: &str, unit: &str, rows: &[&Row]) -> String {
    let groups: Vec<(&str, Vec<(&str, f64)>)> = rows
        .iter()
        .map(|row| {
            let name = row.what.split(": ").next().unwrap_or_default();
            let all = [("a", &row.bantam), ("b", &row.original), ("c", &row.crowdsec)];
            let values = all.into_iter().filter(|(_, series)| !series.0.is_empty());
            (name, values.map(|(class, series)| (class, series.median())).collect())
        })
        .collect();
    let heights = groups.iter().map(|(_, values)| 34.0 + 22.0 * values.len() as f64);
    let height = 80.0 + heights.sum::<f64>() + 56.0;
    let x = Scale::around(
        groups.iter().flat_map(|(_, values)| values.iter().map(|value| value.1)),
        24.0,
        WIDTH - 110.0,
    );
    let mut svg = open(height, title);
    let mut legend = 24.0;
    for (class, name) in [("a", "Bantam"), ("b", "original"), ("c", "CrowdSec")] {
        if groups
            .iter()
            .any(|(_, values)| values.iter().any(|value| value.0 == class))
        {
            legend = key(&mut svg, class, legend, 56.0, name);
        }
    }
    let bottom = height - 56.0;
    for tick in x.ticks() {
        let at = x.at(tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"72\" y2=\"{bottom}\"/><text class=\"small\" \
             x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 18.0,
            label(tick)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        (x.from + x.to) / 2.0,
        height - 14.0,
        escape(unit)
    );
    let mut top = 80.0;
    for (name, values) in groups {
        let _ = write!(svg, "<text x=\"28\" y=\"{}\">{}</text>", top + 16.0, escape(name));
        top += 24.0;
        for (class, value) in values {
            let end = x.at(value);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"24\" y=\"{top}\" width=\"{:.1}\" height=\"16\"/><text class=\"small\" \
                 x=\"{:.1}\" y=\"{}\">{}</text>",
                (end - 24.0).max(1.0),
                end.max(25.0) + 8.0,
                top + 13.0,
                number(value)
            );
            top += 22.0;
        }
        top += 10.0;
    }
    svg.push_str("</svg>\n");
    svg
}
