package dev.fathom.serve.http;

import dev.fathom.op.DType;
import dev.fathom.pretrained.Embedder;
import dev.fathom.tokenizer.EncodedText;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The routes {@code /v1} as the clients of OpenAI's interface know them (<a
 * href="https://platform.openai.com/docs/api-reference">reference</a>): models, embeddings and completions.
 */
final class OpenAi {
    private static final Set<String> EMBEDDINGS =
            Set.of("model", "input", "encoding_format", "dimensions", "user", "input_type");

    private OpenAi() {}

    /** Answers {@code GET /v1/models}. */
    static String models(Collection<String> names) {
        return Json.write(out -> {
            out.beginObject().name("object").value("list").name("data").beginArray();
            for (String name : names) {
                out.jsonValue(model(name));
            }
            out.endArray().endObject();
        });
    }

    /** Answers {@code GET /v1/models/NAME}. */
    static String model(String name) {
        return Json.write(out -> out.beginObject()
                .name("id")
                .value(name)
                .name("object")
                .value("model")
                .name("created")
                .value(0)
                .name("owned_by")
                .value("fathom")
                .endObject());
    }

    /** What is wrong, in the form in which these clients show it. */
    static String error(int status, String message) {
        return Json.write(out -> out.beginObject()
                .name("error")
                .beginObject()
                .name("message")
                .value(message)
                .name("type")
                .value(status < 500 ? "invalid_request_error" : "server_error")
                .name("code")
                .value(status)
                .endObject()
                .endObject());
    }

    /** The object of a request, all of whose members are known, so that none is ignored in silence. */
    static Map<?, ?> request(@Nullable Object body, Set<String> known) {
        if (!(body instanceof Map<?, ?> request)) {
            throw new HttpException(400, "the body must be an object of JSON");
        }
        for (Object name : request.keySet()) {
            if (!known.contains(name)) {
                throw new HttpException(400, "\"" + name + "\" is not known here; leave it out");
            }
        }
        return request;
    }

    /**
     * The model of this kind that a request names; it may leave the name out where there is one.
     *
     * @param what the kind does, for the message
     */
    static <T extends ServedText> T model(Collection<ServedText> texts, Class<T> kind, Map<?, ?> request, String what) {
        List<T> all = texts.stream().filter(kind::isInstance).map(kind::cast).toList();
        Object name = request.get("model");
        return all.stream()
                .filter(text -> name == null ? all.size() == 1 : text.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new HttpException(
                        404,
                        "there is no model " + (name == null ? "named" : "\"" + name + "\"") + " that " + what
                                + "; there are "
                                + all.stream().map(ServedText::name).toList()));
    }

    /** Answers {@code POST /v1/embeddings}. */
    static String embeddings(Collection<ServedText> models, @Nullable Object body, Duration deadline)
            throws InterruptedException {
        Map<?, ?> request = request(body, EMBEDDINGS);
        ServedEmbedder model = model(models, ServedEmbedder.class, request, "gives vectors");
        List<String> input = Json.texts("\"input\"", request.get("input"));
        String format = Json.text(request, "encoding_format", "float");
        if (!format.equals("float") && !format.equals("base64")) {
            throw new HttpException(400, "\"encoding_format\" is \"" + format + "\"; give float or base64");
        }
        int dimensions = Json.whole(request, "dimensions", 0, 1, Integer.MAX_VALUE);
        String kind = request.get("input_type") == null ? null : Json.text(request, "input_type", "");
        Embedder variant = model.variant(dimensions, kind);
        List<EncodedText> texts = input.stream().map(variant::encode).toList();
        List<float[]> vectors = model.embed(variant, texts, deadline);
        int tokens = texts.stream().mapToInt(EncodedText::size).sum();
        return Json.write(out -> {
            out.beginObject().name("object").value("list").name("data").beginArray();
            for (int i = 0; i < vectors.size(); i++) {
                out.beginObject()
                        .name("object")
                        .value("embedding")
                        .name("index")
                        .value(i);
                out.name("embedding");
                if (format.equals("base64")) {
                    out.value(base64(vectors.get(i)));
                } else {
                    out.beginArray();
                    for (float x : vectors.get(i)) {
                        Json.number(out, DType.F32, x);
                    }
                    out.endArray();
                }
                out.endObject();
            }
            out.endArray().name("model").value(model.name());
            out.name("usage").beginObject().name("prompt_tokens").value(tokens);
            out.name("total_tokens").value(tokens).endObject().endObject();
        });
    }

    private static String base64(float... vector) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** Refuses settings that a request may name only with the value that changes nothing. */
    static void mustBe(Map<?, ?> request, String name, @Nullable Object... neutral) {
        Object value = request.get(name);
        if (value != null && !Arrays.asList(neutral).contains(value)) {
            throw new HttpException(400, "\"" + name + "\" is not supported here; leave it out");
        }
    }
}
