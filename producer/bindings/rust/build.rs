// SPDX-License-Identifier: MIT
//! Where the two libraries lie: $TIMEKEEPER_LIB_DIR, else where pkg-config says, else where the
//! linker looks anyway.

use std::env;
use std::process::Command;

fn from_pkg_config() -> Option<String> {
    let said = Command::new("pkg-config")
        .args(["--variable=libdir", "timekeeper-ffi"])
        .output()
        .ok()?;
    let dir = String::from_utf8(said.stdout).ok()?.trim().to_string();
    (said.status.success() && !dir.is_empty()).then_some(dir)
}

fn main() {
    println!("cargo:rerun-if-env-changed=TIMEKEEPER_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-changed=build.rs");
    if let Some(dir) = env::var("TIMEKEEPER_LIB_DIR").ok().or_else(from_pkg_config) {
        println!("cargo:rustc-link-search=native={dir}");
    }
    println!("cargo:rustc-link-lib=dylib=timekeeper-ffi");
    println!("cargo:rustc-link-lib=dylib=timekeeper");
}
