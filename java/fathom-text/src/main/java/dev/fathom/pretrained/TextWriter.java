package dev.fathom.pretrained;

import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.CausalNet;
import dev.fathom.decode.Sampling;
import dev.fathom.nn.Model;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import dev.fathom.tokenizer.PretrainedTokenizer;
import dev.fathom.tree.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Goes on writing a text with a decoder that others have trained, GPT-2 or Llama, from a folder as transformers writes
 * it or a file of llama.cpp:
 *
 * <pre>{@code
 * try (var writer = TextWriter.load(Path.of("gpt2"))) {
 *     writer.settings(writer.settings().temperature(0.8f).topP(0.95f).seed(7))
 *             .write("Once upon a time", System.out::print);
 * }
 * }</pre>
 *
 * <p>The keys and values of what was read are kept, so that each further token costs a step of one token. Any number of
 * threads may share a writer; those that the methods return share its weights and are closed with it.
 */
public final class TextWriter implements AutoCloseable {
    private final Shared shared;
    private final Settings settings;

    /** What writers of one folder share. */
    private record Shared(
            Model<CausalNet> model,
            CachedDecoder decoder,
            PretrainedTokenizer tokenizer,
            List<Integer> ends,
            LongAdder tokens,
            LongAdder nanos) {}

    /**
     * How tokens are chosen, as {@link Sampling} says, and when a text ends.
     *
     * @param maxTokens the most tokens that are written
     * @param temperature 0 takes the most probable token each time
     * @param topK how many tokens are left to choose from, or 0 for all
     * @param topP the share of the probability that is left to choose from
     * @param minP the least share of the greatest probability that is left to choose from
     * @param repetitionPenalty above 1 tokens that were there become less likely
     * @param seed of the random numbers; the same seed writes the same text
     * @param stops texts that end the writing, of which nothing is returned
     */
    public record Settings(
            int maxTokens,
            float temperature,
            int topK,
            float topP,
            float minP,
            float repetitionPenalty,
            long seed,
            List<String> stops) {
        /**
         * Checks the number of tokens, and the stops, of which none may be empty; {@link Sampling} checks the rest.
         *
         * @throws IllegalArgumentException if a setting is outside its range
         */
        public Settings {
            Checks.atLeast("TextWriter", "maxTokens", maxTokens, 1);
            stops = List.copyOf(stops);
            if (stops.contains("")) {
                throw new IllegalArgumentException("TextWriter: an empty stop ends every text; leave it out");
            }
            sampling(maxTokens, temperature, topK, topP, minP, repetitionPenalty);
        }

        private static Sampling sampling(int most, float temperature, int topK, float topP, float minP, float penalty) {
            return new Sampling(-1, most)
                    .temperature(temperature)
                    .topK(topK)
                    .topP(topP)
                    .minP(minP)
                    .repetitionPenalty(penalty);
        }

        private Sampling sampling(int most) {
            return sampling(most, temperature, topK, topP, minP, repetitionPenalty);
        }

        /** Returns these settings with another number of tokens. */
        public Settings maxTokens(int most) {
            return Records.with(this, "maxTokens", most);
        }

        /** Returns these settings with another temperature. */
        public Settings temperature(float t) {
            return Records.with(this, "temperature", t);
        }

        /** Returns these settings with another number of tokens to choose from; 0 for all. */
        public Settings topK(int k) {
            return Records.with(this, "topK", k);
        }

        /** Returns these settings with another share of the probability to choose from. */
        public Settings topP(float p) {
            return Records.with(this, "topP", p);
        }

        /** Returns these settings with another least share of the greatest probability. */
        public Settings minP(float p) {
            return Records.with(this, "minP", p);
        }

        /** Returns these settings with another penalty for tokens that were there; 1 for none. */
        public Settings repetitionPenalty(float r) {
            return Records.with(this, "repetitionPenalty", r);
        }

        /** Returns these settings with another seed. */
        public Settings seed(long newSeed) {
            return Records.with(this, "seed", newSeed);
        }

        /** Returns these settings with texts that end the writing. */
        public Settings stops(String... texts) {
            return Records.with(this, "stops", List.of(texts));
        }
    }

    private TextWriter(Shared shared, Settings settings) {
        this.shared = shared;
        this.settings = settings;
    }

    /**
     * Loads a folder: {@code config.json}, weights, a tokenizer and, if it is there, {@code generation_config.json},
     * whose temperature, filters and end tokens are used; or the file of a Llama that llama.cpp has, {@code .gguf}.
     *
     * @throws IllegalArgumentException if the family or a setting is not known, or a file is damaged or contradicts
     *     another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static TextWriter load(Path folder) {
        boolean gguf = Files.isRegularFile(folder);
        String eos = gguf ? "tokenizer.ggml.eos_token_id" : "eos_token_id";
        Path generation = folder.resolve("generation_config.json");
        Config c = gguf ? Config.ofGguf(folder) : Config.read(folder.resolve("config.json"));
        Config g = Files.exists(generation) ? Config.read(generation) : c;
        List<Integer> ends = g.counts(eos).isEmpty() ? c.counts(eos) : g.counts(eos);
        boolean draws = g.flag("do_sample", false);
        Settings settings = new Settings(
                256,
                draws ? (float) g.number(1, "temperature") : 0,
                draws ? g.count("top_k", 50) : 0,
                draws ? (float) g.number(1, "top_p") : 1,
                draws ? (float) g.number(0, "min_p") : 0,
                (float) g.number(1, "repetition_penalty"),
                1,
                List.of());
        PretrainedTokenizer tokenizer =
                PretrainedTokenizer.read(folder).withoutPadding().withoutTruncation();
        Model<CausalNet> model = DecoderFamily.read(folder);
        boolean done = false;
        try {
            CachedDecoder decoder = CachedDecoder.of(model);
            done = true;
            return new TextWriter(
                    new Shared(model, decoder, tokenizer, ends, new LongAdder(), new LongAdder()), settings);
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /** Returns how this writer chooses tokens. */
    public Settings settings() {
        return settings;
    }

    /** Returns a writer that chooses tokens in another way. */
    public TextWriter settings(Settings other) {
        return new TextWriter(shared, other);
    }

    /**
     * Returns what follows a text.
     *
     * @throws IllegalArgumentException if the text has no token, or as many as the net has positions
     * @throws IllegalStateException if the writer was closed
     */
    public String write(String prompt) {
        return write(prompt, piece -> {});
    }

    /**
     * Returns what follows a text, and gives each piece of it to {@code pieces} as soon as it is certain.
     *
     * @throws IllegalArgumentException if the text has no token, or as many as the net has positions
     * @throws IllegalStateException if the writer was closed
     */
    public String write(String prompt, Consumer<String> pieces) {
        long begin = System.nanoTime();
        int[] read = shared.tokenizer.encode(prompt).ids();
        int room = shared.decoder.capacity() - read.length;
        if (read.length == 0 || room < 1) {
            throw new IllegalArgumentException("TextWriter: the text has " + read.length
                    + " tokens, but it must have 1 to " + (shared.decoder.capacity() - 1)
                    + ", so that there is a token to go on from and a position for the next");
        }
        var text = new Written(read, pieces);
        try (CachedDecoder.Sequences sequences = shared.decoder.sequences()) {
            int n = settings.sampling(Math.min(settings.maxTokens, room))
                    .until(text::ends)
                    .after(sequences, new Rng(settings.seed), read)
                    .get(0)
                    .toArray()
                    .length;
            shared.tokens.add(n);
        }
        shared.nanos.add(System.nanoTime() - begin);
        return text.whole();
    }

    /** The text that the tokens so far make, which is given on as far as no further token can change it. */
    private final class Written {
        private final int[] prompt;
        private final Consumer<String> pieces;
        private final int before;
        private String text = "";
        private int given;

        Written(int[] prompt, Consumer<String> pieces) {
            this.prompt = prompt;
            this.pieces = pieces;
            before = shared.tokenizer.decode(prompt).length();
        }

        /** Whether the text ends with these tokens. */
        boolean ends(List<Integer> written) {
            boolean last = shared.ends.contains(written.get(written.size() - 1));
            List<Integer> ids = new ArrayList<>();
            for (int id : prompt) {
                ids.add(id);
            }
            ids.addAll(last ? written.subList(0, written.size() - 1) : written);
            String all = shared.tokenizer.decode(ids.stream().mapToInt(i -> i).toArray());
            text = all.substring(Math.min(before, all.length()));
            for (String stop : settings.stops) {
                int at = text.indexOf(stop);
                if (at >= 0) {
                    text = text.substring(0, at);
                    last = true;
                }
            }
            give(last ? text.length() : certain());
            return last;
        }

        /** A letter may lack bytes, and a stop may have begun. */
        private int certain() {
            int end = text.length();
            while (end > 0 && text.charAt(end - 1) == '\ufffd') {
                end--;
            }
            for (String stop : settings.stops) {
                for (int n = Math.min(stop.length() - 1, end); n > 0; n--) {
                    if (text.startsWith(stop.substring(0, n), end - n)) {
                        end -= n;
                        break;
                    }
                }
            }
            return end;
        }

        private void give(int end) {
            if (end > given) {
                pieces.accept(text.substring(given, end));
                given = end;
            }
        }

        String whole() {
            give(text.length());
            return text;
        }
    }

    /** Returns how many tokens a second this has written so far, with all that it does, or 0 before the first. */
    public double tokensPerSecond() {
        long nanos = shared.nanos.sum();
        return nanos == 0 ? 0 : shared.tokens.sum() * 1e9 / nanos;
    }

    /** Closes the model, for all writers that share it. */
    @Override
    public void close() {
        shared.decoder.close();
        shared.model.close();
    }
}
