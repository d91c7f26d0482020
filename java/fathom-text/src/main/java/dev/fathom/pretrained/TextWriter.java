package dev.fathom.pretrained;

import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.CausalNet;
import dev.fathom.decode.Sampling;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;

/**
 * Goes on writing a text with a decoder that others have trained, GPT-2 or Llama, from a folder as transformers writes
 * it or a file of llama.cpp:
 *
 * <pre>{@code
 * try (var writer = TextWriter.load(Path.of("gpt2"))) {
 *     writer.sampling(writer.sampling().temperature(0.8f).topP(0.95f))
 *             .seed(7)
 *             .write("Once upon a time", System.out::print);
 * }
 * }</pre>
 *
 * <p>The keys and values of what was read are kept, so that each further token costs a step of one token. Any number of
 * threads may share a writer; those that the methods return share its weights and are closed with it.
 */
public final class TextWriter implements AutoCloseable {
    /** So many tokens are written at most where nothing else is said. */
    private static final int MOST = 256;

    private final Shared shared;
    private final Sampling sampling;
    private final long seed;
    private final List<String> stops;

    /** What writers of one folder share. */
    private record Shared(
            Model<CausalNet> model,
            CachedDecoder decoder,
            PretrainedTokenizer tokenizer,
            TextStream.Known known,
            BitSet ends,
            Speed speed) {}

    private TextWriter(Shared shared, Sampling sampling, long seed, List<String> stops) {
        this.shared = shared;
        this.sampling = sampling;
        this.seed = seed;
        this.stops = stops;
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
        BitSet ends = new BitSet();
        (g.counts(eos).isEmpty() ? c : g).counts(eos).forEach(ends::set);
        boolean draws = g.flag("do_sample", false);
        Sampling sampling = new Sampling(-1, MOST)
                .temperature(draws ? (float) g.number(1, "temperature") : 0)
                .topK(draws ? g.count("top_k", 50) : 0)
                .topP(draws ? (float) g.number(1, "top_p") : 1)
                .minP(draws ? (float) g.number(0, "min_p") : 0)
                .repetitionPenalty((float) g.number(1, "repetition_penalty"));
        PretrainedTokenizer tokenizer =
                PretrainedTokenizer.read(folder).withoutPadding().withoutTruncation();
        Model<CausalNet> model = DecoderFamily.read(folder);
        boolean done = false;
        try {
            CachedDecoder decoder = CachedDecoder.of(model);
            done = true;
            TextStream.Known known = new TextStream.Known(tokenizer);
            return new TextWriter(
                    new Shared(model, decoder, tokenizer, known, ends, new Speed()), sampling, 1, List.of());
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /** Returns how this writer chooses tokens, and how many it writes at most. */
    public Sampling sampling() {
        return sampling;
    }

    /** Returns a writer that chooses tokens in another way, or writes another number of them. */
    public TextWriter sampling(Sampling other) {
        return new TextWriter(shared, other, seed, stops);
    }

    /** Returns a writer with other random numbers; the same seed writes the same text. */
    public TextWriter seed(long other) {
        return new TextWriter(shared, sampling, other, stops);
    }

    /**
     * Returns a writer that ends before the first of these texts.
     *
     * @throws IllegalArgumentException if one is empty
     */
    public TextWriter stops(String... texts) {
        if (List.of(texts).contains("")) {
            throw new IllegalArgumentException("TextWriter: an empty stop ends every text; leave it out");
        }
        return new TextWriter(shared, sampling, seed, List.of(texts));
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
        StringBuilder all = new StringBuilder();
        try (Pieces each = pieces(prompt)) {
            while (each.hasNext()) {
                String piece = each.next();
                all.append(piece);
                pieces.accept(piece);
            }
        }
        return all.toString();
    }

    /**
     * Returns what follows a text piece by piece: each {@link Iterator#next} writes until the next piece is certain.
     *
     * @throws IllegalArgumentException if the text has no token, or as many as the net has positions
     * @throws IllegalStateException if the writer was closed
     */
    public Pieces pieces(String prompt) {
        int[] read = shared.tokenizer.encode(prompt).ids();
        int room = shared.decoder.capacity() - read.length;
        if (read.length == 0 || room < 1) {
            throw new IllegalArgumentException("TextWriter: the text has " + read.length
                    + " tokens, but it must have 1 to " + (shared.decoder.capacity() - 1)
                    + ", so that there is a token to go on from and a position for the next");
        }
        return new Pieces(shared, sampling.maxTokens(Math.min(sampling.maxTokens(), room)), seed, stops, read);
    }

    /**
     * Gives the pieces of a text while it is being written; joined, they are the text. One thread at a time may use it.
     * Close it if you stop before its end.
     *
     * <p>A token allocates nothing on the heap but the string of its piece, from the second time on that the writer
     * meets it: at the first, the tokenizer decodes it, with the piece before it. Tokens that are but a part of a
     * letter are decoded each time, and so are all of the few tokenizers whose tokens change one another.
     */
    public static final class Pieces implements Iterator<String>, AutoCloseable {
        private final Shared shared;
        private final CachedDecoder.Sequences sequences;
        private final Sampling.Continuation tokens;
        private final TextStream text;
        private final int prompt;
        private int written;
        private String next = "";
        private boolean ended;
        private boolean over;

        private Pieces(Shared shared, Sampling sampling, long seed, List<String> stops, int[] read) {
            long begin = System.nanoTime();
            this.shared = shared;
            prompt = read.length;
            text = new TextStream(shared.known, read, stops);
            sequences = shared.decoder.sequences();
            boolean done = false;
            try {
                tokens = sampling.tokens(sequences, new Rng(seed), read);
                done = true;
            } finally {
                if (!done) {
                    sequences.close();
                }
            }
            shared.speed.add(0, begin);
        }

        /** Writes until the next piece is certain, and returns whether there is one. */
        @Override
        public boolean hasNext() {
            long begin = System.nanoTime();
            int before = written;
            while (next.isEmpty() && !over) {
                boolean last = !tokens.hasNext();
                if (!last) {
                    int token = tokens.nextInt();
                    last = shared.ends.get(token);
                    if (!last) {
                        written++;
                        last = text.add(token);
                    }
                    ended = last;
                }
                if (last) {
                    text.finish();
                    close();
                }
                next = text.take();
            }
            shared.speed.add(written - before, begin);
            return !next.isEmpty();
        }

        @Override
        public String next() {
            if (!hasNext()) {
                throw new NoSuchElementException("TextWriter: the text is at its end; ask hasNext() before next()");
            }
            String piece = next;
            next = "";
            return piece;
        }

        /** Returns how many tokens the text has from which this goes on. */
        public int promptTokens() {
            return prompt;
        }

        /** Returns how many tokens were written so far, without the one that ends the text. */
        public int tokens() {
            return written;
        }

        /**
         * Returns whether the model or a stop has ended the text, as opposed to the most tokens that were to be
         * written.
         */
        public boolean ended() {
            return ended;
        }

        /** Writes no further. Closing twice does nothing. */
        @Override
        public void close() {
            over = true;
            tokens.close();
            sequences.close();
        }
    }

    /** Returns how many tokens a second this has written so far, with all that it does, or 0 before the first. */
    public double tokensPerSecond() {
        return shared.speed.perSecond();
    }

    /** Closes the model, for all writers that share it. */
    @Override
    public void close() {
        shared.decoder.close();
        shared.model.close();
    }
}
