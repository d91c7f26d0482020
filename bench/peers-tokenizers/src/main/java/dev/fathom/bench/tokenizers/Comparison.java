package dev.fathom.bench.tokenizers;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.google.gson.Gson;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/**
 * Holds Fathom's tokenizers to Hugging Face's own library: {@code Comparison COUNT FILE...} compares the numbers, the
 * offsets and the words of so many hostile texts for each {@code tokenizer.json}, as texts and as lists of words, says where they differ, and how fast both are;
 * {@code Comparison --store OUT COUNT FILE} writes the texts with what Hugging Face's library makes of them, from which
 * the tests are made, and {@code --decoded} as a last argument adds the text that it makes of the tokens.
 * {@code Comparison --words OUT COUNT FILE...} writes lists of words with what that library makes of them.
 */
public final class Comparison {
    private static final int SEED = 7;
    private static final int SHOWN = 10;

    private Comparison() {}

    public static void main(String[] args) throws IOException {
        if (args.length > 3 && args[0].equals("--store")) {
            boolean decoded = args[args.length - 1].equals("--decoded");
            store(Path.of(args[1]), Integer.parseInt(args[2]), Path.of(args[3]), decoded);
            return;
        }
        if (args.length > 3 && args[0].equals("--words")) {
            storeWords(Path.of(args[1]), Integer.parseInt(args[2]), Arrays.asList(args).subList(3, args.length));
            return;
        }
        if (args.length < 2) {
            System.err.println("Comparison COUNT FILE..., Comparison --store OUT COUNT FILE [--decoded]"
                    + " or Comparison --words OUT COUNT FILE...");
            System.exit(2);
        }
        long different = 0;
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            different += compare(Integer.parseInt(args[0]), Path.of(file));
        }
        System.exit(different == 0 ? 0 : 1);
    }

    private static HuggingFaceTokenizer theirs(Path file) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                Files.isDirectory(file) ? file.resolve("tokenizer.json") : file,
                Map.of("truncation", "false", "padding", "false"));
    }

    /**
     * What a library makes of a text: its numbers, where each token begins and ends in UTF-16 units, and in which word.
     *
     * @param text the whole text, or the words that it was cut into before
     */
    private record Tokens(List<String> text, int[] ids, int[] starts, int[] ends, int[] words) {
        static Tokens of(String text, Encoding theirs) {
            return of(List.of(text), false, theirs);
        }

        static Tokens of(List<String> text, boolean cut, Encoding theirs) {
            int[] ids = Arrays.stream(theirs.getIds()).mapToInt(id -> (int) id).toArray();
            int[] words = Arrays.stream(theirs.getWordIds()).mapToInt(w -> (int) w).toArray();
            CharSpan[] spans = theirs.getCharTokenSpans();
            int[] starts = new int[ids.length];
            int[] ends = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                if (spans[i] != null) {
                    String string = text.get(cut ? words[i] : 0);
                    starts[i] = string.offsetByCodePoints(0, spans[i].getStart());
                    ends[i] = string.offsetByCodePoints(0, spans[i].getEnd());
                }
            }
            return new Tokens(text, ids, starts, ends, words);
        }

        static Tokens of(List<String> text, EncodedText ours) {
            int[] starts = new int[ours.size()];
            int[] ends = new int[ours.size()];
            int[] words = new int[ours.size()];
            Arrays.setAll(starts, ours::start);
            Arrays.setAll(ends, ours::end);
            Arrays.setAll(words, ours::word);
            return new Tokens(text, ours.ids(), starts, ends, words);
        }

        boolean sameNumbers(Tokens other) {
            return Arrays.equals(ids, other.ids);
        }

        boolean samePlaces(Tokens other) {
            return Arrays.equals(starts, other.starts)
                    && Arrays.equals(ends, other.ends)
                    && Arrays.equals(words, other.words);
        }
    }

    private static long compare(int count, Path file) throws IOException {
        var ours = PretrainedTokenizer.read(file).withoutPadding().withoutTruncation();
        long ids = 0;
        long places = 0;
        long words = 0;
        long our = 0;
        long their = 0;
        long units = 0;
        Random random = new Random(SEED);
        try (var theirs = theirs(file)) {
            for (int i = 0; i < count; i++) {
                String text = HostileText.next(random);
                long start = System.nanoTime();
                EncodedText mine = ours.encode(text);
                long between = System.nanoTime();
                Encoding known = theirs.encode(text);
                their += System.nanoTime() - between;
                our += between - start;
                units += text.length();
                Tokens a = Tokens.of(List.of(text), mine);
                Tokens b = Tokens.of(text, known);
                boolean other = !a.sameNumbers(b);
                ids += other ? 1 : 0;
                places += !other && !a.samePlaces(b) ? 1 : 0;
                if (ids + places <= SHOWN && (other || !a.samePlaces(b))) {
                    show(text, a, b);
                }
                List<String> cut = HostileText.words(random);
                Tokens c = Tokens.of(cut, ours.encodeWords(cut));
                Tokens d = Tokens.of(cut, true, theirs.encode(cut));
                if (!c.sameNumbers(d) || !c.samePlaces(d)) {
                    words++;
                    if (words <= SHOWN) {
                        show(cut.toString(), c, d);
                    }
                }
            }
        }
        System.out.printf(
                "%s: %,d texts, %,d with other numbers, %,d with other places, %,d others as words; ours %.1f, theirs %.1f million characters/s%n",
                file, count, ids, places, words, 1e3 * units / our, 1e3 * units / their);
        return ids + places + words;
    }

    private static void show(String text, Tokens ours, Tokens theirs) {
        System.out.println(
                escaped(text) + "\n  ours   " + new Gson().toJson(ours) + "\n  theirs " + new Gson().toJson(theirs));
    }

    private static String escaped(String text) {
        StringBuilder all = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c >= 0x20 && c < 0x7f) {
                all.append((char) c);
            } else {
                all.append("\\x{").append(Integer.toHexString(c)).append('}');
            }
        });
        return all.toString();
    }

    private static void store(Path out, int count, Path file, boolean decoded) throws IOException {
        Gson gson = new Gson();
        Random random = new Random(SEED);
        try (var theirs = theirs(file);
                OutputStream bytes = new GZIPOutputStream(Files.newOutputStream(out));
                Writer to = new OutputStreamWriter(bytes, StandardCharsets.UTF_8)) {
            for (int i = 0; i < count; i++) {
                String text = HostileText.next(random);
                Encoding encoding = theirs.encode(text);
                Tokens t = Tokens.of(text, encoding);
                List<Object> line = new ArrayList<>(List.of(text, t.ids, t.starts, t.ends));
                if (decoded) {
                    line.add(theirs.decode(encoding.getIds(), true));
                }
                to.write(gson.toJson(line));
                to.write('\n');
            }
        }
        System.out.println(out + ": " + count + " texts, " + Files.size(out) + " bytes");
    }

    /** Writes for each tokenizer lists of words, with the name of its file (of its folder, for a tokenizer.json). */
    private static void storeWords(Path out, int count, List<String> files) throws IOException {
        Gson gson = new Gson();
        Random random = new Random(SEED);
        try (OutputStream bytes = new GZIPOutputStream(Files.newOutputStream(out));
                Writer to = new OutputStreamWriter(bytes, StandardCharsets.UTF_8)) {
            for (String file : files) {
                String name = Path.of(file).getFileName().toString();
                try (var theirs = theirs(Path.of(file))) {
                    for (int i = 0; i < count; i++) {
                        List<String> words = HostileText.words(random);
                        Tokens t = Tokens.of(words, true, theirs.encode(words));
                        to.write(gson.toJson(List.of(name, t.text, t.ids, t.starts, t.ends, t.words)));
                        to.write('\n');
                    }
                }
            }
        }
        System.out.println(out + ": " + files.size() + " tokenizers, " + Files.size(out) + " bytes");
    }
}
