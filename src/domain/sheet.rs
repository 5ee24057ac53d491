//! A page that is read from the top: on a screen, from a command, aloud, or pasted into a message.

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It begins a part.
    Head,
    /// It says something.
    Plain,
    /// It says what belongs to the line above it, or that there is nothing.
    Quiet,
    /// It must not be overlooked.
    Alarm,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// How far it is set in, in characters.
    pub indent: usize,
    /// What it says.
    pub text: String,
}

/// A page being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet(pub Vec<Line>);

impl Sheet {
    /// Begins a part.
    pub fn head(&mut self, text: impl Into<String>) {
        self.line(Tone::Head, 0, text);
    }

    /// Says something in a part.
    pub fn say(&mut self, text: impl Into<String>) {
        self.line(Tone::Plain, 2, text);
    }

    /// Says what belongs to the line above.
    pub fn add(&mut self, text: impl Into<String>) {
        self.line(Tone::Quiet, 4, text);
    }

    /// Says that there is nothing.
    pub fn none(&mut self, text: impl Into<String>) {
        self.line(Tone::Quiet, 2, text);
    }

    /// Says what must not be overlooked.
    pub fn alarm(&mut self, text: impl Into<String>) {
        self.line(Tone::Alarm, 2, text);
    }

    fn line(&mut self, tone: Tone, indent: usize, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Line { tone, indent, text });
    }

    /// The page as plain text, an empty line before each part.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (at, line) in self.0.iter().enumerate() {
            if line.tone == Tone::Head && at > 0 {
                out.push('\n');
            }
            out.push_str(&" ".repeat(line.indent));
            out.push_str(&line.text);
            out.push('\n');
        }
        out
    }
}
