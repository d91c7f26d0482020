package dev.fathom.bench.torch;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * PyTorch's tensors in a safetensors file. Fathom's own reader and writer take no part, so that each side checks the
 * other; the file is trusted.
 */
final class TensorFile {
    private record Entry(String dtype, long[] shape, byte[] bytes) {}

    /** PyTorch's element types by safetensors' names. */
    static final Map<String, torch.ScalarType> TYPES = Map.of(
            "F64", torch.ScalarType.Double,
            "F32", torch.ScalarType.Float,
            "F16", torch.ScalarType.Half,
            "BF16", torch.ScalarType.BFloat16,
            "I64", torch.ScalarType.Long,
            "I32", torch.ScalarType.Int,
            "U8", torch.ScalarType.Byte);

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> texts = new LinkedHashMap<>();

    /** Adds a copy of a tensor, of its own element type. */
    void put(String name, Tensor t) {
        Tensor dense = t.detach().contiguous();
        String dtype = TYPES.entrySet().stream()
                .filter(e -> e.getValue() == dense.scalar_type().intern())
                .findFirst()
                .orElseThrow()
                .getKey();
        byte[] bytes = new byte[(int) dense.nbytes()];
        if (bytes.length > 0) {
            new BytePointer(dense.data_ptr()).capacity(bytes.length).get(bytes);
        }
        if (entries.put(name, new Entry(dtype, dense.shape(), bytes)) != null) {
            throw new IllegalArgumentException("two tensors are called " + name);
        }
    }

    /** Adds a text. */
    void text(String key, String value) {
        texts.put(key, value);
    }

    Set<String> names() {
        return entries.keySet();
    }

    /** A tensor of its own memory. */
    Tensor get(String name) {
        Entry e = entries.get(name);
        if (e == null) {
            throw new IllegalArgumentException("no tensor is called " + name + "; there are " + names());
        }
        Tensor t = torch.empty(e.shape, null, null).to(TYPES.get(e.dtype));
        if (e.bytes.length > 0) {
            new BytePointer(t.data_ptr()).put(e.bytes);
        }
        return t;
    }

    static TensorFile read(Path path) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[(int) all.getLong()];
        all.get(header);
        ByteBuffer data = all.slice();
        TensorFile file = new TensorFile();
        JsonObject json = new JsonStreamParser(new String(header, StandardCharsets.UTF_8))
                .next()
                .getAsJsonObject();
        json.asMap().forEach((name, value) -> {
            JsonObject fields = value.getAsJsonObject();
            if (name.equals("__metadata__")) {
                fields.asMap().forEach((key, text) -> file.text(key, text.getAsString()));
            } else {
                long[] shape = fields.getAsJsonArray("shape").asList().stream()
                        .mapToLong(d -> d.getAsLong())
                        .toArray();
                int from = fields.getAsJsonArray("data_offsets").get(0).getAsInt();
                int to = fields.getAsJsonArray("data_offsets").get(1).getAsInt();
                byte[] bytes = new byte[to - from];
                data.get(from, bytes);
                file.entries.put(name, new Entry(fields.get("dtype").getAsString(), shape, bytes));
            }
        });
        return file;
    }

    void write(Path path) throws IOException {
        JsonObject json = new JsonObject();
        if (!texts.isEmpty()) {
            JsonObject metadata = new JsonObject();
            texts.forEach(metadata::addProperty);
            json.add("__metadata__", metadata);
        }
        int at = 0;
        for (Map.Entry<String, Entry> named : entries.entrySet()) {
            Entry e = named.getValue();
            JsonObject fields = new JsonObject();
            fields.addProperty("dtype", e.dtype);
            JsonArray shape = new JsonArray();
            Arrays.stream(e.shape).forEach(shape::add);
            fields.add("shape", shape);
            JsonArray offsets = new JsonArray();
            offsets.add(at);
            offsets.add(at += e.bytes.length);
            fields.add("data_offsets", offsets);
            json.add(named.getKey(), fields);
        }
        byte[] header = json.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(header, header.length + 7 & -8);
        Arrays.fill(padded, header.length, padded.length, (byte) ' ');
        ByteBuffer all = ByteBuffer.allocate(8 + padded.length + at).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(padded.length).put(padded);
        entries.values().forEach(e -> all.put(e.bytes));
        Files.write(path, all.array());
    }
}
