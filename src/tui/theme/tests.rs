//! Tests of the themes: each is whole, and can be read.

use super::*;

const ALL: [Role; ROLES] = [
    Role::Text,
    Role::Dim,
    Role::Title,
    Role::Head,
    Role::Selected,
    Role::Key,
    Role::Border,
    Role::Good,
    Role::Warn,
    Role::Bad,
    Role::Alarm,
    Role::Live,
    Role::Test,
    Role::Input,
];
const DEPTHS: [Depth; 4] = [Depth::None, Depth::Sixteen, Depth::Palette, Depth::Rgb];
const BLACK: (u8, u8, u8) = (0, 0, 0);
const WHITE: (u8, u8, u8) = (255, 255, 255);

#[test]
fn every_file_names_every_role_and_is_read() {
    for looks in Looks::ALL {
        let sheet: BTreeMap<Role, Look> = toml::from_str(file(looks)).unwrap();
        assert!(sheet.keys().copied().eq(ALL), "{}", looks.name());
    }
}

#[test]
fn every_theme_is_a_file_and_every_file_a_theme() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/themes");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut names: Vec<_> = Looks::ALL
        .map(|looks| format!("{}.toml", looks.name()))
        .into();
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn without_colour_there_is_none() {
    for looks in Looks::ALL {
        for role in ALL {
            let style = Theme::new(looks, Depth::None).style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{looks:?} {role:?}");
        }
    }
    for depth in DEPTHS {
        let theme = Theme::new(Looks::Monochrome, depth);
        assert_eq!(theme, Theme::new(Looks::Monochrome, Depth::None));
    }
}

#[test]
fn the_ground_is_the_terminals_own_unless_the_letters_are_not() {
    for looks in Looks::ALL {
        for depth in DEPTHS {
            for role in ALL {
                let style = Theme::new(looks, depth).style(role);
                let own = style.bg.is_some() && looks != Looks::HighContrast;
                assert!(!own, "{looks:?} {role:?}");
                assert!(
                    style.bg.is_none() || style.fg.is_some(),
                    "{looks:?} {role:?}"
                );
            }
        }
    }
}

/// What must not be overlooked differs from plain text by more than colour.
#[test]
fn alarms_are_seen_without_colour() {
    for looks in Looks::ALL {
        let theme = Theme::new(looks, Depth::None);
        for role in [Role::Alarm, Role::Live, Role::Test, Role::Selected] {
            assert!(
                !theme.style(role).add_modifier.is_empty(),
                "{looks:?} {role:?}"
            );
        }
    }
}

#[test]
fn sixteen_colours_are_told_by_name_and_the_others_by_number() {
    for looks in Looks::ALL {
        for role in ALL {
            let is = |depth| Theme::new(looks, depth).style(role).fg;
            assert!(!matches!(
                is(Depth::Sixteen),
                Some(Color::Indexed(_) | Color::Rgb(..))
            ));
            assert!(matches!(is(Depth::Palette), None | Some(Color::Indexed(_))));
            assert_eq!(is(Depth::Rgb), is(Depth::Palette));
        }
    }
}

/// WCAG's contrast between two colours, in hundredths.
#[expect(clippy::float_arithmetic, reason = "light is measured with it")]
fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> u32 {
    let light = |(r, g, b): (u8, u8, u8)| {
        let part = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    };
    let (one, other) = (light(one), light(other));
    (((one.max(other) + 0.05) / (one.min(other) + 0.05)) * 100.0) as u32
}

/// What a colour of the 256 looks like: the cube and the greys are the same everywhere.
fn seen(colour: Color) -> (u8, u8, u8) {
    match colour {
        Color::Indexed(grey @ 232..) => {
            let grey = 8 + 10 * (grey - 232);
            (grey, grey, grey)
        }
        Color::Indexed(cube @ 16..) => {
            let part = |at: u8| if at == 0 { 0 } else { 55 + 40 * at };
            let cube = cube - 16;
            (part(cube / 36), part(cube / 6 % 6), part(cube % 6))
        }
        other => panic!("{other:?} looks different on every terminal"),
    }
}

/// The sixteen by name, as three kinds of terminal have them: the VGA's, xterm's, Windows Terminal's.
const TERMINALS: [[(u8, u8, u8); 16]; 3] = [
    [
        (0, 0, 0),
        (170, 0, 0),
        (0, 170, 0),
        (170, 85, 0),
        (0, 0, 170),
        (170, 0, 170),
        (0, 170, 170),
        (170, 170, 170),
        (85, 85, 85),
        (255, 85, 85),
        (85, 255, 85),
        (255, 255, 85),
        (85, 85, 255),
        (255, 85, 255),
        (85, 255, 255),
        (255, 255, 255),
    ],
    [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ],
    [
        (12, 12, 12),
        (197, 15, 31),
        (19, 161, 14),
        (193, 156, 0),
        (0, 55, 218),
        (136, 23, 152),
        (58, 150, 221),
        (204, 204, 204),
        (118, 118, 118),
        (231, 72, 86),
        (22, 198, 12),
        (249, 241, 165),
        (59, 120, 255),
        (180, 0, 158),
        (97, 214, 214),
        (242, 242, 242),
    ],
];
const NAMES: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

#[test]
fn sixteen_colours_can_be_read_on_every_kind_of_terminal() {
    let of_terminal = [
        (Looks::Dark, &[Color::Black][..], 450),
        (Looks::Light, &[Color::White][..], 390),
        // It cannot know the ground, and few of sixteen are seen on both.
        (Looks::Auto, &[Color::Black, Color::White][..], 190),
        (Looks::HighContrast, &[][..], 450),
    ];
    for (looks, grounds, least) in of_terminal {
        for role in ALL.into_iter().filter(|role| *role != Role::Border) {
            let style = Theme::new(looks, Depth::Sixteen).style(role);
            let Some(letters) = style.fg else { continue };
            let own = style.bg.as_slice();
            let grounds = if own.is_empty() { grounds } else { own };
            for terminal in TERMINALS {
                let shown =
                    |colour: &Color| terminal[NAMES.iter().position(|it| it == colour).unwrap()];
                for ground in grounds {
                    let found = contrast(shown(&letters), shown(ground));
                    assert!(found >= least, "{looks:?} {role:?} on {ground:?}: {found}");
                }
            }
        }
    }
}

#[test]
fn every_theme_can_be_read_on_its_ground() {
    let grounds = [
        (Looks::Dark, &[BLACK][..], 450),
        (Looks::Light, &[WHITE][..], 450),
        (Looks::Auto, &[BLACK, WHITE][..], 250),
    ];
    for (looks, grounds, least) in grounds {
        for depth in [Depth::Palette, Depth::Rgb] {
            for role in ALL.into_iter().filter(|role| *role != Role::Border) {
                let letters = Theme::new(looks, depth).style(role).fg;
                for ground in grounds {
                    let found = letters.map_or(least, |it| contrast(seen(it), *ground));
                    assert!(found >= least, "{looks:?} {depth:?} {role:?}: {found}");
                }
            }
        }
    }
}

#[test]
fn high_contrast_is_at_least_seven_to_one() {
    for depth in [Depth::Palette, Depth::Rgb] {
        for role in ALL {
            let style = Theme::new(Looks::HighContrast, depth).style(role);
            if let (Some(letters), Some(ground)) = (style.fg, style.bg) {
                let found = contrast(seen(letters), seen(ground));
                assert!(found >= 700, "{depth:?} {role:?}: {found}");
            }
        }
    }
}
