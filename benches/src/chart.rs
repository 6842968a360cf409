//! A chart of lines, with a legend beside it, as SVG text.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::full_palette::*;
use plotters::prelude::*;
use plotters::style::WHITE;
use std::error::Error;
use std::ops::Range;

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

type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

const SIZE: (u32, u32) = (880, 440);
/// Where the head ends and the chart begins, and where that ends and the legend begins.
const HEAD: u32 = 60;
const LEGEND: u32 = 650;
const FONT: &str = "sans-serif";

/// None is too light for thin lines on white.
const COLOURS: [RGBColor; 14] = [
    BLUE_700,
    DEEPORANGE_700,
    GREEN_800,
    PURPLE_700,
    RED_800,
    CYAN_700,
    ORANGE_700,
    DEEPPURPLE_400,
    BLUEGREY_700,
    PINK_700,
    LIGHTGREEN_700,
    TEAL_400,
    BROWN_300,
    GREY_600,
];

fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

fn style(number: usize) -> ShapeStyle {
    colour(number).stroke_width(if number == 0 { 3 } else { 1 })
}

/// From the least to the most, with some room, so that a flat line has a place.
fn range(scale: Scale, values: impl Iterator<Item = f64>) -> Range<f64> {
    let shown = values.filter(|value| value.is_finite() && (scale == Scale::Linear || *value > 0.0));
    let (low, high) = shown.fold((f64::MAX, 0.0), |(low, high), value| (value.min(low), value.max(high)));
    match scale {
        _ if low > high => 1.0..2.0,
        Scale::Linear => 0.0..high * 1.05,
        Scale::Log10 | Scale::Log2 => low / 1.1..high * 1.1,
    }
}

impl Chart {
    /// The picture.
    pub fn draw(&self) -> Result<String, Box<dyn Error>> {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, rest) = root.split_vertically(HEAD);
        let (left, legend) = rest.split_horizontally(LEGEND);
        head.draw(&Text::new(self.title.as_str(), (60, 8), (FONT, 20)))?;
        // The first lines of the note: the rest would run over.
        for (number, line) in (0..).zip(self.note.split("; ").take(2)) {
            head.draw(&Text::new(line, (60, 30 + 13 * number), (FONT, 12)))?;
        }
        for (number, series) in self.series.iter().enumerate() {
            let y = 16 * number as i32 + 12;
            legend.draw(&PathElement::new([(4, y), (22, y)], style(number)))?;
            legend.draw(&Text::new(series.name.as_str(), (28, y - 6), (FONT, 14)))?;
        }
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = range(self.x.1, points().map(|point| point.x));
        match self.x.1 {
            Scale::Linear => self.along(&left, x)?,
            Scale::Log10 => self.along(&left, x.log_scale())?,
            Scale::Log2 => self.along(&left, x.log_scale().base(2.0))?,
        }
        root.present()?;
        drop((head, left, legend, rest, root));
        Ok(svg)
    }

    fn along<X: AsRangedCoord<Value = f64>>(&self, area: &Area<'_>, x: X) -> Drawn
    where
        X::CoordDescType: ValueFormatter<f64>,
    {
        let points = self.series.iter().flat_map(|series| &series.points);
        let reach = |point: &Point| point.between.map_or([point.y; 2], |(low, high)| [low, high]);
        let y = range(self.y.1, points.flat_map(reach));
        match self.y.1 {
            Scale::Linear => self.between(area, x, y),
            Scale::Log10 => self.between(area, x, y.log_scale()),
            Scale::Log2 => self.between(area, x, y.log_scale().base(2.0)),
        }
    }

    fn between<X, Y>(&self, area: &Area<'_>, x: X, y: Y) -> Drawn
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut builder = ChartBuilder::on(area);
        builder.margin_left(6).x_label_area_size(44).y_label_area_size(60).margin_right(10).margin_top(8);
        let mut chart = builder.build_cartesian_2d(x, y)?;
        let label = |value: &f64| format!("{}", (value * 1e6).round() / 1e6);
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 15))
            .x_desc(self.x.0)
            .y_desc(self.y.0);
        mesh.x_label_formatter(&label).y_label_formatter(&label).draw()?;
        for (number, series) in self.series.iter().enumerate() {
            let line = style(number);
            chart.draw_series(LineSeries::new(series.points.iter().map(|p| (p.x, p.y)), line))?;
            chart.draw_series(series.points.iter().map(|p| Circle::new((p.x, p.y), 2, line.filled())))?;
            let intervals = series.points.iter().filter_map(|p| Some((p.x, p.between?)));
            let thin = colour(number).mix(0.5).stroke_width(1);
            chart.draw_series(
                intervals.map(|(x, (low, high))| PathElement::new([(x, low), (x, high)], thin)),
            )?;
        }
        Ok(())
    }
}
