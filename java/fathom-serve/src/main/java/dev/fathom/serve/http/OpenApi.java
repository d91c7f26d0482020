package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** A description of a service as OpenAPI 3. */
final class OpenApi {
    /** Method, path, operation, and what it is for. */
    private record Route(String method, String path, String operation, String summary) {}

    private OpenApi() {}

    static String of(Collection<ServedModel> models, Collection<ServedText> texts) {
        return Json.write(out -> {
            out.beginObject().name("openapi").value("3.0.3");
            out.name("info")
                    .beginObject()
                    .name("title")
                    .value("Fathom")
                    .name("version")
                    .value("0.1.0")
                    .endObject();
            out.name("paths").beginObject();
            for (ServedModel model : models) {
                String v2 = "/v2/models/" + model.name();
                String takes = "from " + model.given() + " to " + model.outputs();
                post(out, "/predict/" + model.name(), "predict_" + model.name(), "Computes examples " + takes + ".");
                post(
                        out,
                        v2 + "/infer",
                        "infer_" + model.name(),
                        "The open inference protocol: examples " + takes + ".");
                get(out, new Route("get", v2, "metadata_" + model.name(), "Inputs and outputs of the model."));
                get(out, new Route("get", v2 + "/ready", "ready_" + model.name(), "Whether the model is ready."));
            }
            for (ServedText text : texts) {
                if (text instanceof ServedClassifier) {
                    post(
                            out,
                            "/predict/" + text.name(),
                            "predict_" + text.name(),
                            "Labels a text, or each of several.");
                }
            }
            if (texts.stream().anyMatch(ServedEmbedder.class::isInstance)) {
                post(out, "/v1/embeddings", "embeddings", "Vectors of texts, as OpenAI's clients ask for them.");
            }
            if (texts.stream().anyMatch(ServedWriter.class::isInstance)) {
                post(out, "/v1/completions", "completions", "What follows texts, as OpenAI's clients ask for it.");
            }
            for (Route route : List.of(
                    new Route("get", "/v1/models", "models", "The names of all models."),
                    new Route("get", "/v2", "server", "Name and version of the server."),
                    new Route("get", "/v2/health/live", "live", "Whether the server lives."),
                    new Route("get", "/v2/health/ready", "ready", "Whether all models are ready."),
                    new Route("get", "/health", "health", "Whether the service serves."),
                    new Route("get", "/metrics", "metrics", "Counts and times, as Prometheus reads them."))) {
                get(out, route);
            }
            out.endObject().endObject();
        });
    }

    private static void get(JsonWriter out, Route route) throws IOException {
        out.name(route.path).beginObject().name(route.method).beginObject();
        out.name("operationId").value(route.operation).name("summary").value(route.summary);
        out.name("responses").beginObject();
        response(out, "200", "The answer.");
        out.endObject().endObject().endObject();
    }

    private static void post(JsonWriter out, String path, String operation, String summary) throws IOException {
        out.name(path).beginObject().name("post").beginObject();
        out.name("operationId").value(operation).name("summary").value(summary);
        out.name("requestBody")
                .beginObject()
                .name("required")
                .value(true)
                .name("content")
                .beginObject();
        out.name("application/json")
                .beginObject()
                .name("schema")
                .beginObject()
                .endObject()
                .endObject();
        if (path.startsWith("/predict")) {
            out.name("application/octet-stream").beginObject().name("schema").beginObject();
            out.name("type")
                    .value("string")
                    .name("format")
                    .value("binary")
                    .endObject()
                    .endObject();
        }
        out.endObject().endObject();
        out.name("responses").beginObject();
        response(out, "200", "The outputs.");
        response(out, "400", "The body is malformed, or the model refuses it.");
        response(out, "413", "The body is too long.");
        response(out, "503", "Too many examples wait, or the service stops.");
        response(out, "504", "The examples were not run before their deadline.");
        out.endObject().endObject().endObject();
    }

    private static void response(JsonWriter out, String status, String description) throws IOException {
        out.name(status).beginObject().name("description").value(description).endObject();
    }
}
