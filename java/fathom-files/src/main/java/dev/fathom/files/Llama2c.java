package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.Stored;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code .bin} files of <a href="https://github.com/karpathy/llama2.c">llama2.c</a>: seven sizes of a Llama, then
 * its weights in an order that the program knows, as float32 (versions 0 and 1) or as int8 with a scale for each group
 * (version 2). The tensors get the names that Meta gave them. Nothing in the oldest files tells what they are but their
 * length, which must be exactly what their sizes say.
 */
public final class Llama2c implements TensorFormat {
    private static final int MAGIC = 0x616b3432; // ak42
    private static final int HEADER = 256;
    private static final int SIZES = 28;
    private static final int LARGEST = 1 << 24;
    private static final int MOST_LAYERS = 1 << 12;
    private static final long MOST = 1L << 60;

    /** For {@link java.util.ServiceLoader}. */
    public Llama2c() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        ByteBuffer bytes = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        if (head.length >= 8 && bytes.getInt(0) == MAGIC) {
            return true;
        }
        if (head.length < SIZES || !String.valueOf(file.getFileName()).endsWith(".bin")) {
            return false;
        }
        try {
            Plan plan = plan(bytes);
            return plan != null && plan.at == Files.size(file);
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    public TensorFile open(Path file) {
        return Opening.tensors(file, "a file of llama2.c", (name, data) -> {
            byte[] head = new byte[(int) Math.min(HEADER, data.length())];
            data.read(0, head, head.length);
            Plan plan = plan(ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN));
            if (plan == null) {
                throw Opening.damaged(
                        "the sizes at its beginning are not those of a Llama, or its version is not 0 to 2");
            }
            if (plan.at != data.length()) {
                throw Opening.damaged(
                        "its sizes " + plan.metadata + " take " + plan.at + " bytes but it has " + data.length());
            }
            return new TensorFile(name, plan.entries(data), plan.metadata, data::close);
        });
    }

    @Override
    public String toString() {
        return "llama2.c";
    }

    /** What a header says, or null if it is none. */
    private static @Nullable Plan plan(ByteBuffer head) {
        boolean magic = head.limit() >= 8 && head.getInt(0) == MAGIC;
        int version = magic ? head.getInt(4) : 0;
        int at = magic ? 8 : 0;
        if (head.limit() < (magic ? HEADER : SIZES) || magic && version != 1 && version != 2) {
            return null;
        }
        int[] sizes = new int[7];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = head.getInt(at + 4 * i);
        }
        boolean tied = magic ? head.get(at + SIZES) != 0 : sizes[5] > 0;
        sizes[5] = magic ? sizes[5] : Math.abs(sizes[5]);
        int group = version == 2 ? head.getInt(at + SIZES + 1) : 0;
        for (int size : sizes) {
            if (size < 1 || size > LARGEST) {
                return null;
            }
        }
        boolean fits = sizes[2] <= MOST_LAYERS && sizes[0] % sizes[3] == 0 && sizes[4] <= sizes[3];
        if (!fits || version == 2 && group < 1) {
            return null;
        }
        return new Plan(version, sizes, tied, group);
    }

    /** Where each tensor lies. */
    private static final class Plan {
        final Map<String, String> metadata = new LinkedHashMap<>();
        private final List<Place> places = new ArrayList<>();
        private final int group;
        private final int layers;
        private boolean quantized;
        long at;

        /** One tensor, whose scales, if it has any, lie behind it. */
        private record Place(String name, long begin, long[] dims, boolean quantized) {}

        Plan(int version, int[] sizes, boolean tied, int group) {
            this.group = group;
            this.layers = sizes[2];
            String[] names = {"dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "max_seq_len"};
            metadata.put("version", Integer.toString(version));
            for (int i = 0; i < names.length; i++) {
                metadata.put(names[i], Integer.toString(sizes[i]));
            }
            metadata.put("shared_classifier", Boolean.toString(tied));
            if (version == 2) {
                metadata.put("group_size", Integer.toString(group));
            }
            at = version == 0 ? SIZES : HEADER;
            long dim = sizes[0];
            long hidden = sizes[1];
            long keys = dim / sizes[3] * sizes[4];
            long vocabulary = sizes[5];
            if (version > 0) {
                layers("attention_norm", dim);
                layers("ffn_norm", dim);
                add("norm.weight", dim);
            }
            quantized = version == 2;
            add("tok_embeddings.weight", vocabulary, dim);
            if (version == 0) {
                layers("attention_norm", dim);
            }
            layers("attention.wq", dim, dim);
            layers("attention.wk", keys, dim);
            layers("attention.wv", keys, dim);
            layers("attention.wo", dim, dim);
            if (version == 0) {
                layers("ffn_norm", dim);
            }
            layers("feed_forward.w1", hidden, dim);
            layers("feed_forward.w2", dim, hidden);
            layers("feed_forward.w3", hidden, dim);
            if (version == 0) {
                add("norm.weight", dim);
                add("freqs_cos", sizes[6], dim / sizes[3] / 2);
                add("freqs_sin", sizes[6], dim / sizes[3] / 2);
            }
            if (!tied) {
                add("output.weight", vocabulary, dim);
            }
        }

        private void layers(String name, long... dims) {
            for (int i = 0; i < layers; i++) {
                add("layers." + i + "." + name + ".weight", dims);
            }
        }

        private void add(String name, long... dims) {
            places.add(new Place(name, at, dims, quantized));
            long elements = TensorFile.Entry.elements(dims);
            if (elements < 0 || at > MOST || quantized && elements % group != 0) {
                throw Opening.damaged("its sizes " + metadata + " are not those of a Llama");
            }
            at += quantized ? elements + 4 * (elements / group) : 4 * elements;
        }

        List<TensorFile.Entry> entries(Bytes data) {
            List<TensorFile.Entry> entries = new ArrayList<>();
            for (Place p : places) {
                long elements = TensorFile.Entry.elements(p.dims);
                TensorFile.Source source = p.quantized
                        ? new Blocks(elements, 1, (from, n, to) -> dequantize(data, p.begin, elements, from, n, to))
                        : (from, to, n) -> data.read(p.begin + from, to, n);
                entries.add(new TensorFile.Entry(
                        p.name,
                        p.quantized ? "Q8_0, groups of " + group : "F32",
                        Stored.F32,
                        p.dims,
                        p.quantized ? elements + 4 * (elements / group) : 4 * elements,
                        source));
            }
            return entries;
        }

        private void dequantize(Bytes data, long begin, long elements, long from, int n, ByteBuffer to)
                throws IOException {
            byte[] numbers = new byte[n];
            data.read(begin + from, numbers, n);
            long first = from / group;
            byte[] scales = new byte[(int) ((from + n - 1) / group - first + 1) * 4];
            data.read(begin + elements + 4 * first, scales, scales.length);
            ByteBuffer s = ByteBuffer.wrap(scales).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < n; i++) {
                to.putFloat(numbers[i] * s.getFloat(4 * (int) ((from + i) / group - first)));
            }
        }
    }
}
