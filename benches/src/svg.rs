//! A chart of lines as SVG text: no library, no font of the system's.

use std::fmt::Write;

/// How an axis goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Even steps.
    Linear,
    /// Steps of ten times.
    Log10,
    /// Steps of two times.
    Log2,
}

/// A line: its name, and points (x, y, and the interval of y).
pub struct Series {
    /// As in the legend.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
}

/// A point of a line.
pub struct Point {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: f64,
    /// Between what, if that is known.
    pub between: Option<(f64, f64)>,
}

/// What is drawn.
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below the title, smaller: the machine; the run.
    pub note: String,
    /// Under the axis.
    pub x: (&'static str, Scale),
    /// Beside the axis.
    pub y: (&'static str, Scale),
    /// The lines. The first is drawn thick.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 388.0;
const COLOURS: [&str; 14] = [
    "#0b57d0", "#d9480f", "#2b8a3e", "#862e9c", "#c92a2a", "#0b7285", "#e67700", "#5f3dc4", "#495057",
    "#a61e4d", "#66a80f", "#1098ad", "#b08968", "#868e96",
];

struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(scale: Scale, values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let finite = values.filter(|value| value.is_finite() && (scale == Scale::Linear || *value > 0.0));
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match scale {
            _ if low > high => (1.0, 2.0),
            Scale::Linear => (0.0, if high > 0.0 { high * 1.05 } else { 1.0 }),
            // Some room, so that a flat line has a place.
            _ => (low / 1.1, high * 1.1),
        };
        Self { scale, low, high, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        let part = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            _ => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        let base: f64 = if self.scale == Scale::Log2 { 2.0 } else { 10.0 };
        if self.scale == Scale::Linear {
            let rough = self.high / 6.0;
            let unit = 10f64.powf(rough.log10().floor());
            let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * unit).into_iter().find(|step| *step >= rough);
            let step = step.unwrap_or(unit);
            return (0..=(self.high / step) as u32).map(|n| f64::from(n) * step).collect();
        }
        let first = (self.low.ln() / base.ln()).ceil() as i32;
        let last = (self.high.ln() / base.ln()).floor() as i32;
        // Of many, every other one, or every third.
        let every = (last - first) / 10 + 1;
        let whole = (first..=last).filter(|n| (n - first) % every == 0).map(|n| base.powi(n));
        let between = [2.0, 5.0];
        let wide = last - first >= 2 || self.scale == Scale::Log2;
        if wide {
            return whole.collect();
        }
        let parts = (first - 1..=last).flat_map(|n| between.map(|part| part * base.powi(n)));
        whole.chain(parts).filter(|tick| (self.low..=self.high).contains(tick)).collect()
    }
}

fn label(value: f64, scale: Scale) -> String {
    let exponent = value.log10().round();
    if scale == Scale::Log10 && value >= 1e4 && (value / 10f64.powf(exponent) - 1.0).abs() < 1e-9 {
        format!("1e{exponent}")
    } else {
        format!("{}", (value * 1e6).round() / 1e6)
    }
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Chart {
    /// The picture.
    pub fn draw(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Axis::new(self.x.1, points().map(|point| point.x), LEFT, RIGHT);
        let reach = |point: &Point| point.between.map_or([point.y; 2], |(low, high)| [low, high]);
        let y = Axis::new(self.y.1, points().flat_map(reach), BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{}</text>\n",
            plain(&self.title)
        );
        // The first lines of the note: the rest would run over.
        for (number, line) in self.note.split("; ").take(2).enumerate() {
            let (y, line) = (41 + 13 * number, plain(line));
            writeln!(svg, "<text x=\"{LEFT}\" y=\"{y}\" font-size=\"10\" fill=\"#555\">{line}</text>")
                .unwrap();
        }
        for tick in x.ticks() {
            let (at, text) = (x.at(tick), label(tick, self.x.1));
            writeln!(
                svg,
                "<path d=\"M{at:.1} {TOP}V{BOTTOM}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{at:.1}\" y=\"404\" text-anchor=\"middle\">{text}</text>"
            )
            .unwrap();
        }
        for tick in y.ticks() {
            let (at, text) = (y.at(tick), label(tick, self.y.1));
            writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"64\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                at + 4.0
            )
            .unwrap();
        }
        let middle = (LEFT + RIGHT) / 2.0;
        let half = (TOP + BOTTOM) / 2.0;
        writeln!(
            svg,
            "<path d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\" fill=\"none\" stroke=\"#333\"/>\
             <text x=\"{middle}\" y=\"426\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(18 {half}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            plain(self.x.0),
            plain(self.y.0)
        )
        .unwrap();
        for (number, series) in self.series.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let width = if number == 0 { 3.0 } else { 1.5 };
            let path: Vec<String> = series
                .points
                .iter()
                .map(|point| format!("{:.1} {:.1}", x.at(point.x), y.at(point.y)))
                .collect();
            for point in &series.points {
                let (cx, cy) = (x.at(point.x), y.at(point.y));
                write!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"2.5\" fill=\"{colour}\"/>").unwrap();
                if let Some((low, high)) = point.between {
                    let (low, high) = (y.at(low), y.at(high));
                    write!(
                        svg,
                        "<path d=\"M{cx:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\" opacity=\".5\"/>"
                    )
                    .unwrap();
                }
            }
            let (top, next) = (TOP + 16.0 * number as f64 + 4.0, TOP + 16.0 * number as f64 + 8.0);
            writeln!(
                svg,
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\
                 <path d=\"M656 {top}h18\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\
                 <text x=\"680\" y=\"{next}\">{}</text>",
                path.join("L"),
                plain(&series.name)
            )
            .unwrap();
        }
        svg + "</svg>\n"
    }
}
