package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The open inference protocol, version 2 (<a href="https://github.com/kserve/open-inference-protocol">KServe</a>). */
final class OpenInference {
    private OpenInference() {}

    static String server() {
        return Json.write(out -> out.beginObject()
                .name("name")
                .value("fathom")
                .name("version")
                .value("0.1.0")
                .name("extensions")
                .beginArray()
                .endArray()
                .endObject());
    }

    static String health(String what) {
        if (!what.equals("live") && !what.equals("ready")) {
            throw new HttpException(404, "there is no /v2/health/" + what + "; ask for live or ready");
        }
        return Json.write(out -> out.beginObject().name(what).value(true).endObject());
    }

    static String ready(ServedModel model) {
        return Json.write(out -> out.beginObject()
                .name("name")
                .value(model.name())
                .name("ready")
                .value(true)
                .endObject());
    }

    static String metadata(ServedModel model) {
        return Json.write(out -> {
            out.beginObject().name("name").value(model.name());
            out.name("versions").beginArray().value("1").endArray();
            out.name("platform").value("fathom_plan");
            tensors(out.name("inputs"), model.given());
            tensors(out.name("outputs"), model.outputs());
            out.endObject();
        });
    }

    private static void tensors(JsonWriter out, List<Spec> specs) throws IOException {
        out.beginArray();
        for (Spec spec : specs) {
            out.beginObject().name("name").value(spec.name()).name("datatype").value(datatype(spec.dtype()));
            out.name("shape").beginArray();
            for (int d : spec.dims()) {
                out.value(Math.max(d, -1));
            }
            out.endArray().endObject();
        }
        out.endArray();
    }

    /** Answers {@code POST /v2/models/NAME/infer}. */
    static String infer(ServedModel model, @Nullable Object body, Duration deadline) throws InterruptedException {
        if (!(body instanceof Map<?, ?> request) || !(request.get("inputs") instanceof List<?> tensors)) {
            throw new HttpException(
                    400, "the body must be {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}]}");
        }
        Map<String, List<double[]>> inputs = new LinkedHashMap<>();
        for (Object tensor : tensors) {
            if (!(tensor instanceof Map<?, ?> each) || !(each.get("name") instanceof String name)) {
                throw new HttpException(400, "an input has no name");
            }
            Spec spec = model.given().stream()
                    .filter(s -> s.name().equals(name))
                    .findFirst()
                    .orElseThrow(() ->
                            new HttpException(400, "the model has no input \"" + name + "\"; it has " + model.given()));
            if (inputs.put(name, examples(spec, each)) != null) {
                throw new HttpException(400, "input \"" + name + "\" is given twice");
            }
        }
        if (inputs.size() < model.given().size()) {
            throw new HttpException(400, "the inputs are " + inputs.keySet() + " but the model takes " + model.given());
        }
        List<Spec> wanted = wanted(model, request.get("outputs"));
        List<Map<String, double[]>> examples = Service.examples(inputs);
        Map<String, List<double[]>> outputs = model.infer(examples, deadline);
        return Json.write(out -> {
            out.beginObject()
                    .name("model_name")
                    .value(model.name())
                    .name("model_version")
                    .value("1");
            if (request.get("id") instanceof String id) {
                out.name("id").value(id);
            }
            out.name("outputs").beginArray();
            for (Spec spec : wanted) {
                write(out, spec, outputs.getOrDefault(spec.name(), List.of()));
            }
            out.endArray().endObject();
        });
    }

    private static List<Spec> wanted(ServedModel model, @Nullable Object outputs) {
        if (outputs == null) {
            return model.outputs();
        }
        if (!(outputs instanceof List<?> list)) {
            throw new HttpException(400, "the outputs must be [{\"name\"}]");
        }
        List<Spec> wanted = new ArrayList<>();
        for (Object each : list) {
            Object name = each instanceof Map<?, ?> map ? map.get("name") : null;
            wanted.add(model.outputs().stream()
                    .filter(s -> s.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new HttpException(
                            400, "the model has no output \"" + name + "\"; it has " + model.outputs())));
        }
        return wanted;
    }

    private static List<double[]> examples(Spec spec, Map<?, ?> tensor) {
        Object type = tensor.get("datatype");
        boolean whole = spec.dtype() == DType.I32 && "INT64".equals(type);
        if (!whole && !datatype(spec.dtype()).equals(type)) {
            throw new HttpException(
                    400, "input " + spec + " is of datatype " + type + "; send " + datatype(spec.dtype()));
        }
        if (!(tensor.get("shape") instanceof double[] shape) || shape.length != spec.dims().length) {
            throw new HttpException(400, "input " + spec + " has no shape of " + spec.dims().length + " dimensions");
        }
        long all = 1;
        for (int d = 0; d < shape.length; d++) {
            int dim = spec.dims()[d];
            if (shape[d] != Math.rint(shape[d]) || shape[d] < 1 || dim > 0 && shape[d] != dim) {
                throw new HttpException(
                        400,
                        "input " + spec + " has the shape " + Arrays.toString(shape) + ", of which dimension " + d
                                + " does not fit");
            }
            all = Math.multiplyExact(all, (long) shape[d]);
        }
        double[] data = Json.flat(tensor.get("data"));
        if (data.length != all) {
            throw new HttpException(
                    400,
                    "input " + spec + " has " + data.length + " values but its shape " + Arrays.toString(shape)
                            + " takes " + all);
        }
        int size = (int) (all / (long) shape[0]);
        List<double[]> examples = new ArrayList<>();
        for (int i = 0; i < shape[0]; i++) {
            examples.add(Arrays.copyOfRange(data, i * size, (i + 1) * size));
        }
        return examples;
    }

    private static void write(JsonWriter out, Spec spec, List<double[]> examples) throws IOException {
        int steps = examples.isEmpty() ? 0 : ServedModel.steps(spec, examples.get(0).length);
        out.beginObject().name("name").value(spec.name()).name("datatype").value(datatype(spec.dtype()));
        out.name("shape").beginArray();
        for (int d : spec.dims()) {
            out.value(d == Dim.BATCH ? examples.size() : d == Dim.LENGTH ? steps : d);
        }
        out.endArray().name("data").beginArray();
        for (double[] example : examples) {
            for (double value : example) {
                Json.number(out, spec.dtype(), value);
            }
        }
        out.endArray().endObject();
    }

    /** What a type is called in the open inference protocol. */
    private static String datatype(DType type) {
        return switch (type) {
            case F32 -> "FP32";
            case I32 -> "INT32";
            case U8 -> "UINT8";
            case I8 -> "INT8";
            case F16 -> "FP16";
            case BF16 -> "BF16";
        };
    }
}
