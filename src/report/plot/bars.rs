//! Groups of stacked bars over a zero-based axis, in one or more panels.
//!
//! The colour tells the bar within its group, the shade the part of the stack. It must not know what
//! groups, bars or parts stand for.

use super::axis::{Axis, Scale, Span};
use super::canvas::{Align, Canvas, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, Sign, legend_rows, panel_title};
use super::geometry::Rect;
use super::panel::{draw_y, outline, title_height, y_margin};
use super::style::{GREY, INK, colour, shade};
use super::ticks::Ticks;
use serde::Serialize;

const PANEL_GAP: f64 = 10.0;
const LINE_HEIGHT: f64 = 15.0;
/// Share of a group's slot left empty between groups.
const GROUP_AIR: f64 = 0.18;
/// The usual room for the numbers and label beside the y axis.
const TYPICAL_MARGIN: f64 = 70.0;
/// A panel with more groups leaves the totals above its bars out.
const MOST_TOTALS: usize = 14;
const WIDEST_BAR: f64 = 64.0;

/// A bar chart of one or more panels stacked vertically that share legends.
#[derive(Debug, Clone, Serialize)]
pub struct StackedBars {
    /// Texts and size.
    pub frame: Frame,
    /// What the bars of a group are called, in order; each gets its own colour.
    pub bars: Vec<String>,
    /// What the parts of a bar are called, from the ground up; each gets its own shade.
    pub parts: Vec<String>,
    /// Decimals of the totals above the bars.
    pub decimals: usize,
    /// Top to bottom.
    pub panels: Vec<BarPanel>,
}

/// One row of bars.
#[derive(Debug, Clone, Serialize)]
pub struct BarPanel {
    /// Heading.
    pub title: String,
    /// Label of the y axis, with its unit.
    pub label: String,
    /// How the numbers beside the y axis are written.
    pub ticks: Ticks,
    /// Left to right.
    pub groups: Vec<BarGroup>,
}

/// The bars over one name.
#[derive(Debug, Clone, Serialize)]
pub struct BarGroup {
    /// Text below.
    pub name: String,
    /// One entry per [`StackedBars::bars`], each with one value per [`StackedBars::parts`]; `None`
    /// leaves the place empty, marked "n/a".
    pub bars: Vec<Option<Vec<f64>>>,
}

impl StackedBars {
    /// Draws the chart.
    pub fn svg(&self) -> Result<String, PlotError> {
        let empty = self.bars.is_empty() || self.parts.is_empty() || self.panels.is_empty();
        if empty || self.panels.iter().any(|panel| panel.groups.is_empty()) {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        for group in self.panels.iter().flat_map(|panel| &panel.groups) {
            self.check(group)?;
        }
        render(self.frame.width, self.frame.height, |canvas| {
            let room = self.frame.draw(canvas)?;
            let room = legend_rows(canvas, &self.legend(), room)?;
            let rows = room.rows(self.panels.len(), PANEL_GAP);
            for (panel, room) in self.panels.iter().zip(rows) {
                self.draw_panel(canvas, panel, room)?;
            }
            Ok(())
        })
    }

    fn check(&self, group: &BarGroup) -> Result<(), PlotError> {
        let fits = |expected: usize, found: usize| {
            let what = group.name.clone();
            if expected == found {
                Ok(())
            } else {
                Err(PlotError::Mismatch { what, expected, found })
            }
        };
        fits(self.bars.len(), group.bars.len())?;
        for parts in group.bars.iter().flatten() {
            fits(self.parts.len(), parts.len())?;
            for &value in parts.iter().chain([&parts.iter().sum()]) {
                let series = group.name.clone();
                if !value.is_finite() {
                    return Err(PlotError::NotFinite { series, value });
                }
                if value < 0.0 {
                    return Err(PlotError::Negative { series, value });
                }
            }
        }
        Ok(())
    }

    fn legend(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if self.bars.len() > 1 {
            entries.extend(
                self.bars.iter().enumerate().map(|(nth, text)| Entry {
                    sign: Sign::Block(colour(nth)),
                    text: text.clone(),
                }),
            );
        }
        if self.parts.len() > 1 {
            if !entries.is_empty() {
                entries.push(Entry { sign: Sign::Gap, text: String::new() });
            }
            let levels = self.parts.len();
            // Read from the top of the stack down, as it is seen.
            entries.extend(self.parts.iter().enumerate().rev().map(|(level, text)| Entry {
                sign: Sign::Block(shade(GREY, level, levels)),
                text: text.clone(),
            }));
        }
        entries
    }

    fn draw_panel(
        &self,
        canvas: &Canvas<'_>,
        panel: &BarPanel,
        room: Rect,
    ) -> Result<(), PlotError> {
        let axis = panel.axis();
        // Where the plot area starts depends on the numbers beside it, which depend on its height,
        // which depends on how the names wrap; the names' room is guessed from a typical margin.
        let slot = (room.width() - TYPICAL_MARGIN) / panel.groups.len() as f64;
        let names = Names::fit(panel, slot - 6.0)?;
        let upper =
            Rect { y0: room.y0 + title_height(&panel.title), y1: room.y1 - names.height, ..room };
        let (totals, span) = self.fit_totals(panel, slot, upper.height())?;
        let left = y_margin(&axis, span, upper.height())?;
        let plot = Rect { x0: room.x0 + left, ..upper };
        self.frame.require(&panel.title, plot)?;
        draw_y(canvas, &axis, span, plot, room.x0)?;
        let slots = plot.columns(panel.groups.len(), 0.0);
        let totals = Some(totals).filter(|_| !panel.is_crowded());
        for (group, slot) in panel.groups.iter().zip(&slots) {
            self.draw_group(canvas, group, *slot, span, totals)?;
        }
        names.draw(canvas, &slots)?;
        outline(canvas, plot)?;
        panel_title(canvas, &panel.title, plot)
    }

    /// How totals are written, flat where the widest fits its bar, else upright; and the stretch
    /// from zero to the tallest bar with room for its total.
    fn fit_totals(
        &self,
        panel: &BarPanel,
        slot: f64,
        height: f64,
    ) -> Result<(Type, Span), PlotError> {
        let texts: Vec<String> = panel.totals().map(|total| self.write(total)).collect();
        let widest = Type::SMALL.widest(texts.iter().map(String::as_str))?;
        let (look, room) = if panel.is_crowded() {
            (Type::UPRIGHT, 0.0)
        } else if widest + 4.0 > self.bar_width(slot) {
            (Type::UPRIGHT, widest)
        } else {
            (Type::CENTRED, LINE_HEIGHT)
        };
        let tallest = panel.totals().fold(0.0_f64, f64::max);
        let share = (1.0 - (room + 12.0) / height).max(0.2);
        let high = if tallest > 0.0 { tallest / share } else { 1.0 };
        if !high.is_finite() {
            let series = panel.label.clone();
            return Err(PlotError::NotFinite { series, value: high });
        }
        Ok((look, Span { low: 0.0, high }))
    }

    fn write(&self, total: f64) -> String {
        format!("{total:.decimals$}", decimals = self.decimals)
    }

    fn bar_width(&self, slot: f64) -> f64 {
        (slot * (1.0 - GROUP_AIR) / self.bars.len() as f64).min(WIDEST_BAR)
    }

    fn draw_group(
        &self,
        canvas: &Canvas<'_>,
        group: &BarGroup,
        slot: Rect,
        span: Span,
        totals: Option<Type>,
    ) -> Result<(), PlotError> {
        let width = self.bar_width(slot.width());
        let start = slot.centre().0 - width * self.bars.len() as f64 / 2.0;
        let height = |value: f64| value / span.high * slot.height();
        for (nth, parts) in group.bars.iter().enumerate() {
            let x0 = start + width * nth as f64;
            let bar = Rect { x0: x0 + 0.75, x1: x0 + width - 0.75, ..slot };
            let mut ground = slot.y1;
            for (level, &value) in parts.iter().flatten().enumerate() {
                let top = ground - height(value);
                let tint = shade(colour(nth), level, self.parts.len());
                canvas.fill(Rect { y0: top, y1: ground, ..bar }, tint)?;
                ground = top;
            }
            let Some(look) = totals else { continue };
            let (text, ink) = match parts {
                Some(parts) => (self.write(parts.iter().sum()), INK),
                None => ("n/a".to_string(), GREY),
            };
            let lift = if look.upright { 5.0 } else { 9.0 };
            let look = Type { colour: ink, ..look };
            canvas.text(&text, (bar.centre().0, ground - lift), look)?;
        }
        Ok(())
    }
}

impl BarPanel {
    fn axis(&self) -> Axis {
        Axis { label: self.label.clone(), scale: Scale::Linear, ticks: self.ticks, cover: None }
    }

    fn is_crowded(&self) -> bool {
        self.groups.len() > MOST_TOTALS
    }

    fn totals(&self) -> impl Iterator<Item = f64> {
        self.groups
            .iter()
            .flat_map(|group| group.bars.iter().flatten())
            .map(|parts| parts.iter().sum())
    }
}

/// The names below the groups of a panel.
struct Names {
    lines: Vec<Vec<String>>,
    look: Type,
    /// The room they take below the axis.
    height: f64,
}

impl Names {
    /// Wraps the names to `width`, or stands them upright where even one word is too wide.
    fn fit(panel: &BarPanel, width: f64) -> Result<Self, PlotError> {
        let names = || panel.groups.iter().map(|group| group.name.as_str());
        let lines: Vec<Vec<String>> =
            names().map(|name| Type::SMALL.wrap(name, width)).collect::<Result<_, _>>()?;
        if Type::SMALL.widest(lines.iter().flatten().map(String::as_str))? > width {
            return Ok(Self {
                lines: names().map(|name| vec![name.to_string()]).collect(),
                look: Type { align: Align::End, ..Type::UPRIGHT },
                height: Type::SMALL.widest(names())? + 14.0,
            });
        }
        let most = lines.iter().map(Vec::len).max().unwrap_or(1);
        let height = LINE_HEIGHT * most as f64 + 8.0;
        Ok(Self { lines, look: Type::CENTRED, height })
    }

    fn draw(&self, canvas: &Canvas<'_>, slots: &[Rect]) -> Result<(), PlotError> {
        let first = if self.look.upright { 6.0 } else { 12.0 };
        for (lines, slot) in self.lines.iter().zip(slots) {
            for (row, line) in lines.iter().enumerate() {
                let y = slot.y1 + first + LINE_HEIGHT * row as f64;
                canvas.text(line, (slot.centre().0, y), self.look)?;
            }
        }
        Ok(())
    }
}
