package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.decode.Sampling;
import dev.fathom.pretrained.TextWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * An answer to {@code POST /v1/completions}: what follows each of some prompts, once or several times, as a whole or as
 * a stream of server-sent events.
 */
final class Completion implements AutoCloseable {
    private static final Set<String> KNOWN = Set.of(
            "model",
            "prompt",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "repetition_penalty",
            "n",
            "seed",
            "stop",
            "echo",
            "stream",
            "stream_options",
            "user",
            "best_of",
            "logprobs",
            "suffix",
            "logit_bias",
            "presence_penalty",
            "frequency_penalty");
    /** Of OpenAI's interface. */
    private static final int MOST_TOKENS = 16;

    private static final int MOST_STOPS = 4;
    /** Prompts times texts for each; they are written one after the other. */
    private static final int MOST_CHOICES = 128;

    private final String id = "cmpl-" + UUID.randomUUID();
    private final long created = System.currentTimeMillis() / 1000;
    private final ServedWriter model;
    private final TextWriter writer;
    private final List<String> prompts;
    private final int each;
    private final long seed;
    private final boolean echo;
    private final boolean counts;
    private final boolean streams;
    private final long begin;
    private TextWriter.Pieces first;
    private int read;
    private int written;

    /** Who gets the pieces of each choice, and then an empty one with the reason for its end. */
    private interface Sink {
        void take(int choice, String piece, @Nullable String reason) throws IOException;
    }

    /**
     * Begins to answer a request, once it is its turn.
     *
     * @throws HttpException if the request is none
     * @throws IllegalArgumentException if a setting or the first prompt is refused
     */
    static Completion of(Collection<ServedText> texts, @Nullable Object body, Duration deadline)
            throws InterruptedException {
        Map<?, ?> request = OpenAi.request(body, KNOWN);
        ServedWriter model = OpenAi.model(texts, ServedWriter.class, request, "writes");
        OpenAi.mustBe(request, "logprobs");
        OpenAi.mustBe(request, "suffix", "");
        OpenAi.mustBe(request, "logit_bias", Map.of());
        OpenAi.mustBe(request, "presence_penalty", 0.0);
        OpenAi.mustBe(request, "frequency_penalty", 0.0);
        OpenAi.mustBe(request, "best_of", 1.0, request.get("n"));
        return new Completion(request, model, deadline);
    }

    private Completion(Map<?, ?> request, ServedWriter model, Duration deadline) throws InterruptedException {
        this.model = model;
        prompts = Json.texts("\"prompt\"", request.get("prompt"));
        each = Json.whole(request, "n", 1, 1, MOST_CHOICES);
        if ((long) each * prompts.size() > MOST_CHOICES) {
            throw new HttpException(
                    400,
                    prompts.size() + " prompts and " + each + " texts for each are more than " + MOST_CHOICES
                            + " texts; send several requests");
        }
        seed = Json.whole(request, "seed", ThreadLocalRandom.current().nextInt(), Integer.MIN_VALUE, Integer.MAX_VALUE);
        echo = Json.flag(request, "echo");
        streams = Json.flag(request, "stream");
        counts = request.get("stream_options") instanceof Map<?, ?> options && Json.flag(options, "include_usage");
        List<String> stops = request.get("stop") == null ? List.of() : Json.texts("\"stop\"", request.get("stop"));
        if (stops.size() > MOST_STOPS) {
            throw new HttpException(400, "there are " + stops.size() + " stops; give at most " + MOST_STOPS);
        }
        Sampling usual = model.writer().sampling();
        Sampling sampling = usual.maxTokens(Json.whole(request, "max_tokens", MOST_TOKENS, 1, Integer.MAX_VALUE))
                .temperature(Json.number(request, "temperature", usual.temperature()))
                .topP(Json.number(request, "top_p", usual.topP()))
                .topK(Json.whole(request, "top_k", usual.topK(), 0, Integer.MAX_VALUE))
                .minP(Json.number(request, "min_p", usual.minP()))
                .repetitionPenalty(Json.number(request, "repetition_penalty", usual.repetitionPenalty()));
        writer = model.writer().sampling(sampling).stops(stops.toArray(String[]::new));
        begin = model.begin(deadline);
        boolean done = false;
        try {
            first = pieces(0);
            done = true;
        } finally {
            if (!done) {
                model.end(begin);
            }
        }
    }

    private TextWriter.Pieces pieces(int choice) {
        return writer.seed(seed + choice % each).pieces(prompts.get(choice / each));
    }

    boolean streams() {
        return streams;
    }

    private void write(Sink to) throws IOException {
        for (int choice = 0; choice < prompts.size() * each; choice++) {
            try (TextWriter.Pieces pieces = choice == 0 ? first : pieces(choice)) {
                read += choice % each == 0 ? pieces.promptTokens() : 0;
                if (echo) {
                    to.take(choice, prompts.get(choice / each), null);
                }
                while (pieces.hasNext()) {
                    to.take(choice, pieces.next(), null);
                }
                written += pieces.tokens();
                model.wrote();
                to.take(choice, "", pieces.ended() ? "stop" : "length");
            }
        }
    }

    /** The whole answer. */
    String whole() throws IOException {
        StringBuilder[] texts = new StringBuilder[prompts.size() * each];
        String[] reasons = new String[texts.length];
        write((choice, piece, reason) -> {
            texts[choice] = texts[choice] == null ? new StringBuilder() : texts[choice];
            texts[choice].append(piece);
            reasons[choice] = reason;
        });
        return Json.write(out -> {
            head(out);
            for (int i = 0; i < texts.length; i++) {
                choice(out, i, texts[i].toString(), reasons[i]);
            }
            usage(out.endArray());
            out.endObject();
        });
    }

    /** Writes the answer as events, each as soon as it is certain. */
    void stream(OutputStream to) throws IOException {
        try {
            write((choice, piece, reason) -> event(to, Json.write(out -> {
                head(out);
                choice(out, choice, piece, reason);
                out.endArray().endObject();
            })));
            if (counts) {
                event(to, Json.write(out -> {
                    head(out);
                    usage(out.endArray());
                    out.endObject();
                }));
            }
        } catch (RuntimeException e) { // the status is sent already
            event(to, OpenAi.error(500, String.valueOf(e.getMessage())));
        }
        event(to, "[DONE]");
    }

    private static void event(OutputStream to, String data) throws IOException {
        to.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        to.flush();
    }

    private void head(JsonWriter out) throws IOException {
        out.beginObject().name("id").value(id).name("object").value("text_completion");
        out.name("created").value(created).name("model").value(model.name());
        out.name("choices").beginArray();
    }

    private static void choice(JsonWriter out, int index, String text, @Nullable String reason) throws IOException {
        out.beginObject().name("text").value(text).name("index").value(index);
        out.name("logprobs").nullValue().name("finish_reason").value(reason).endObject();
    }

    private void usage(JsonWriter out) throws IOException {
        out.name("usage").beginObject().name("prompt_tokens").value(read);
        out.name("completion_tokens").value(written);
        out.name("total_tokens").value(read + written).endObject();
    }

    /** Ends its turn, also where the answer was not written to its end. */
    @Override
    public void close() {
        first.close();
        model.end(begin);
    }
}
