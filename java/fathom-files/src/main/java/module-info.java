/** Readers of files of weights that other programs write, which {@code Model.load} finds by themselves. */
module dev.fathom.files {
    requires transitive dev.fathom;
    requires com.google.gson;
    requires static org.jspecify;

    exports dev.fathom.files;

    provides dev.fathom.io.TensorFormat with
            dev.fathom.files.Torch,
            dev.fathom.files.NpzFormat,
            dev.fathom.files.Sharded,
            dev.fathom.files.GgufFormat,
            dev.fathom.files.Llama2c;
}
