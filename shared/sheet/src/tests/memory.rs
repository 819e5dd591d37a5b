//! A file of 100 MB passes through little memory.

use crate::{Format, Reader};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the thread that counts has taken and not given back, and the most of it.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let now = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        now.get()
    });
    let _ = MOST.try_with(|most| most.set(most.get().max(now.unwrap_or(0))));
}

#[expect(unsafe_code, reason = "an allocator is")]
// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes that reading a file of so many bytes takes at once; `line` makes its lines.
fn peak(format: Format, head: &str, bytes: usize, line: impl Fn(usize) -> String) -> isize {
    let mut reader = Reader::new(format, "EUR");
    let before = NOW.get();
    MOST.set(before);
    reader.push(head.as_bytes()).unwrap();
    let (mut piece, mut sent, mut number) = (String::with_capacity(70_000), head.len(), 0);
    while sent < bytes {
        piece.clear();
        while piece.len() < 64_000 {
            piece.push_str(&line(number));
            number += 1;
        }
        sent += piece.len();
        reader.push(piece.as_bytes()).unwrap();
    }
    reader.finish().unwrap();
    MOST.get() - before
}

#[test]
fn a_hundred_megabytes_pass_through_few() {
    let lines = |number: usize| {
        format!("Product {number},product-{number},SKU-{number},1999,\"{}\"\r\n", "text, ".repeat(28))
    };
    let taken = peak(Format::Csv, "title,handle,sku,price_minor,description\r\n", 100_000_000, lines);
    println!("CSV: {taken} bytes at most");
    assert!(taken < 40_000_000, "{taken}");
    let objects = |number: usize| {
        let text = "text, ".repeat(500);
        format!(
            "{{\"title\":\"Product {number}\",\"description\":\"{text}\",\"variants\":[{{\"sku\":\"S{number}\"}}]}}\n"
        )
    };
    let taken = peak(Format::Ndjson, "", 100_000_000, objects);
    println!("NDJSON: {taken} bytes at most");
    assert!(taken < 40_000_000, "{taken}");
}
