/** Models of other programs in the open format ONNX, read as layers and written from them. */
module dev.fathom.onnx {
    requires transitive dev.fathom;
    requires static org.jspecify;

    exports dev.fathom.onnx;

    opens dev.fathom.onnx to
            dev.fathom;

    provides dev.fathom.io.TensorFormat with
            dev.fathom.onnx.OnnxFormat;
}
