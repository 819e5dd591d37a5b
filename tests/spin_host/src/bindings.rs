//! The Rust side of the three `spin:` interfaces that components import, generated from the folder `wit`.
//!
//! Relies on these files being the ones that the SDK of the components was built from (see `wit/NOTICE`). Plain
//! functions become methods of `Host…` traits, `async func` those of `Host…WithStore` traits. Both are async here and
//! may trap the guest by returning an error.

wasmtime::component::bindgen!({
    path: ["wit/spin-sqlite@3.1.0", "wit/spin-variables@3.0.0", "wit/spin-key-value@3.0.0"],
    inline: "
        package storeroom:spin-host;
        world imports {
            import spin:sqlite/sqlite@3.1.0;
            import spin:variables/variables@3.0.0;
            import spin:key-value/key-value@3.0.0;
        }
    ",
    world: "storeroom:spin-host/imports",
    imports: { default: async | trappable },
    with: {
        "spin:sqlite/sqlite.connection": crate::database::Connection,
        "spin:key-value/key-value.store": crate::key_value::OpenStore,
    },
});
