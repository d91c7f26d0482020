package dev.fathom.onnx;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The initializers of an ONNX model as a file of tensors, whose texts tell who wrote it and for which operators. */
public final class OnnxFormat implements TensorFormat {
    /** For {@link java.util.ServiceLoader}. */
    public OnnxFormat() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        return file.toString().endsWith(".onnx");
    }

    @Override
    public TensorFile open(Path file) {
        OnnxFile onnx = read(file);
        Map<String, String> texts = new LinkedHashMap<>(onnx.metadata());
        texts.put("producer", onnx.producer());
        onnx.opsets()
                .forEach((domain, version) ->
                        texts.put("opset" + (domain.isEmpty() ? "" : " of " + domain), version.toString()));
        return new TensorFile(
                file.toString(),
                onnx.graph().initializers().values().stream()
                        .map(Initializer::entry)
                        .toList(),
                texts,
                onnx::close);
    }

    /** Reads a file, which stays open. */
    static OnnxFile read(Path file) {
        Bytes data = Bytes.mapped(file, "an ONNX model");
        try {
            return new OnnxFile(data, file.toAbsolutePath().getParent());
        } catch (IOException | IllegalArgumentException e) {
            data.close();
            throw told(file, e);
        }
    }

    private static RuntimeException told(Path file, Exception e) {
        if (e instanceof EOFException) {
            return new IllegalArgumentException(
                    file + ": it ends before what it tells; the file is damaged, export or fetch it again", e);
        }
        return e instanceof IOException io
                ? InputFile.unreadable(file, io)
                : new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }

    @Override
    public String toString() {
        return "ONNX";
    }
}
