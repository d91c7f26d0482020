package dev.fathom.files;

import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Files of llama.cpp (GGUF) as files of tensors: floats and integers as they are, and of the quantized types those of
 * {@link GgufType} as float32. Of a list among the settings, the metadata has the first values and how many there are.
 */
public final class GgufFormat implements TensorFormat {
    private static final int SHOWN = 8;

    /** For {@link java.util.ServiceLoader}. */
    public GgufFormat() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        return head.length > 3 && head[0] == 'G' && head[1] == 'G' && head[2] == 'U' && head[3] == 'F';
    }

    @Override
    public TensorFile open(Path file) {
        return Opening.tensors(file, "a GGUF file", (name, data) -> {
            Gguf gguf = new Gguf(data);
            Map<String, String> texts = new LinkedHashMap<>();
            gguf.values().forEach((key, value) -> texts.put(key, text(value)));
            return new TensorFile(name, gguf.tensors(data), texts, data::close);
        });
    }

    private static String text(Object value) {
        if (!(value instanceof List<?> list)) {
            return value.toString();
        }
        String some = list.stream().limit(SHOWN).map(String::valueOf).collect(Collectors.joining(", ", "[", ""));
        return some + (list.size() > SHOWN ? ", ... " + list.size() + " values]" : "]");
    }

    @Override
    public String toString() {
        return "GGUF";
    }
}
