//! JPEG: baseline, progressive, grey, of inks, held in eight ways, scaled while it is decoded.

use super::sample::{COLOURS, Shown, contains, jpeg};
use crate::{Format, Orientation, Preset, Refused, prepare};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// What two JPEGs at quality 80 and above, one after the other, may change.
const TOLERANCE: u8 = 8;

#[test]
fn baseline_and_progressive_show_the_same() {
    for (width, height) in
        [(64, 48), (1_000, 750), (1_201, 901), (2_399, 1_800), (2_400, 1_800), (4_001, 3_001)]
    {
        for is_progressive in [false, true] {
            let sent = jpeg(width, height, |encoder| encoder.set_progressive(is_progressive));
            let prepared = prepare(&sent).unwrap();
            assert_eq!((prepared.width, prepared.height), (width, height));
            for preset in Preset::ALL {
                let shown = Shown::of(&prepared, preset);
                assert_eq!((shown.width, shown.height), preset.fit(width, height));
                shown.assert_fields(COLOURS, TOLERANCE);
            }
        }
    }
}

#[test]
fn every_sampling_of_the_colours_is_taken() {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_4_2,
    ];
    for sampling in samplings {
        let sent = jpeg(2_500, 1_300, |encoder| encoder.set_sampling_factor(sampling));
        Shown::of(&prepare(&sent).unwrap(), Preset::Page).assert_fields(COLOURS, TOLERANCE);
    }
}

#[test]
fn grey_is_grey() {
    let mut sent = Vec::new();
    Encoder::new(&mut sent, 90).encode(&[77; 40 * 30], 40, 30, ColorType::Luma).unwrap();
    Shown::of(&prepare(&sent).unwrap(), Preset::Thumb).assert_fields([[77; 3]; 4], 2);
}

/// Four inks: none, cyan, black, magenta and yellow.
fn inks() -> Vec<u8> {
    let fields = [[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0]];
    let places = (0..48).flat_map(|y| (0..64).map(move |x| super::sample::field(x, y, 64, 48)));
    places.flat_map(|field| fields[field]).collect()
}

#[test]
fn inks_become_colours() {
    let expected = [[255, 255, 255], [0, 255, 255], [0, 0, 0], [255, 0, 0]];
    for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let mut sent = Vec::new();
        Encoder::new(&mut sent, 95).encode(&inks(), 64, 48, colours).unwrap();
        assert!(contains(&sent, b"Adobe"));
        let prepared = prepare(&sent).unwrap();
        assert!(contains(&prepared.original, b"Adobe"), "without it, browsers turn the inks around");
        Shown::of(&prepared, Preset::Page).assert_fields(expected, 6);
    }
}

#[test]
fn inks_without_adobes_note_are_not_turned_around() {
    let turned: Vec<u8> = inks().iter().map(|ink| 255 - ink).collect();
    let mut sent = Vec::new();
    Encoder::new(&mut sent, 95).encode(&turned, 64, 48, ColorType::Cmyk).unwrap();
    let at = sent.windows(4).position(|bytes| bytes == [0xFF, 0xEE, 0, 14]).unwrap();
    sent.drain(at..at + 16);
    Shown::of(&prepare(&sent).unwrap(), Preset::Page)
        .assert_fields([[255, 255, 255], [0, 255, 255], [0, 0, 0], [255, 0, 0]], 6);
}

/// A block of EXIF with the orientation and a secret.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend(b"\x0e\x01\x02\0\x0d\0\0\0\x26\0\0\0");
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    block.extend([0, 0, 0, 0]);
    block.extend(b"secret place\0");
    block
}

/// Where the four fields are shown, for each orientation: indices into `COLOURS`.
const SHOWN: [[usize; 4]; 8] = [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [3, 2, 1, 0],
    [2, 3, 0, 1],
    [0, 2, 1, 3],
    [2, 0, 3, 1],
    [3, 1, 2, 0],
    [1, 3, 0, 2],
];

#[test]
fn all_eight_orientations_are_shown_upright() {
    for (number, fields) in (1..=8).zip(SHOWN) {
        for (width, height) in [(64, 48), (3_000, 2_000)] {
            let sent = jpeg(width, height, |encoder| encoder.add_exif_metadata(&exif(number)).unwrap());
            let prepared = prepare(&sent).unwrap();
            let is_turned = number >= 5;
            let expected = if is_turned { (height, width) } else { (width, height) };
            assert_eq!((prepared.width, prepared.height), expected, "{number}");
            let shown = Shown::of(&prepared, Preset::Card);
            assert_eq!((shown.width, shown.height), Preset::Card.fit(expected.0, expected.1));
            shown.assert_fields(fields.map(|field| COLOURS[field]), TOLERANCE);
        }
    }
}

#[test]
fn the_original_says_its_orientation_and_nothing_else() {
    for number in 1..=8 {
        let sent = jpeg(64, 48, |encoder| encoder.add_exif_metadata(&exif(number)).unwrap());
        assert!(contains(&sent, b"secret place"));
        let prepared = prepare(&sent).unwrap();
        assert!(!contains(&prepared.original, b"secret"));
        let mut decoder = jpeg_decoder::Decoder::new(prepared.original.as_slice());
        decoder.decode().unwrap();
        let kept = decoder.exif_data().map(crate::exif::orientation);
        let expected = Orientation::by_exif(number.into()).filter(|kept| *kept != Orientation::Upright);
        assert_eq!(kept, expected);
        let again = prepare(&prepared.original).unwrap();
        assert_eq!(again.original, prepared.original, "what is clean stays as it is");
        assert_eq!(again.renditions[2].bytes, prepared.renditions[2].bytes);
    }
}

#[test]
fn forty_one_megapixels_are_refused_by_the_header() {
    let mut bomb = jpeg(16, 16, |_| {});
    let at = bomb.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    bomb[at + 5..at + 9].copy_from_slice(&[0x1F, 0x40, 0x14, 0x05]);
    assert!(bomb.len() < 2_048);
    let refused = prepare(&bomb).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge(_)));
    assert!(refused.detail().contains("5125 × 8000 = 41,000,000 pixels"), "{refused:?}");
}

#[test]
fn a_progressive_jpeg_whose_coefficients_do_not_fit_is_refused_by_the_header() {
    let mut bomb = jpeg(16, 16, |encoder| encoder.set_progressive(true));
    let at = bomb.windows(2).position(|bytes| bytes == [0xFF, 0xC2]).unwrap();
    bomb[at + 5..at + 9].copy_from_slice(&[0x13, 0x88, 0x1F, 0x40]);
    let refused = prepare(&bomb).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge(_)), "{refused:?}");
    assert!(refused.detail().contains("8000 × 5000 = 40,000,000 pixels"), "{refused:?}");
    assert!(refused.detail().contains("baseline"), "{refused:?}");
}

#[test]
fn more_passes_than_encoders_make_are_refused() {
    for (is_progressive, most) in [(false, 4), (true, 32)] {
        let sent = jpeg(64, 48, |encoder| encoder.set_progressive(is_progressive));
        let at = sent.windows(2).rposition(|bytes| bytes == [0xFF, 0xDA]).unwrap();
        let (head, scan) = (&sent[..at], &sent[at..sent.len() - 2]);
        let many = [head, &scan.repeat(most + 1), &[0xFF, 0xD9]].concat();
        let refused = prepare(&many).unwrap_err();
        assert!(refused.detail().contains(&format!("more than {most} scans")), "{refused:?}");
    }
}

#[test]
fn the_thinnest_picture_keeps_its_shape() {
    for (width, height) in [(1, 1), (65_500, 1), (1, 65_500), (9, 20_000)] {
        let prepared = prepare(&jpeg(width, height, |_| {})).unwrap();
        assert_eq!((prepared.width, prepared.height), (width, height));
        for rendition in &prepared.renditions {
            assert_eq!((rendition.width, rendition.height), rendition.preset.fit(width, height));
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_bytes() {
    let sent = jpeg(1_700, 1_100, |_| {});
    let (one, two) = (prepare(&sent).unwrap(), prepare(&sent).unwrap());
    assert_eq!(one.original, two.original);
    assert_eq!(one.placeholder, two.placeholder);
    assert_eq!(one.rendition_format, Format::Jpeg);
    for (one, two) in one.renditions.iter().zip(&two.renditions) {
        assert_eq!(one.bytes, two.bytes);
    }
}
