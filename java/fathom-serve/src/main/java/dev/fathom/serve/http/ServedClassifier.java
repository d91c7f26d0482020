package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.op.DType;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Classifier.Label;
import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Labels of texts, of which several requests compute theirs together. */
final class ServedClassifier extends ServedText {
    private final Classifier classifier;
    private final FunctionBatcher<String, List<Label>> batcher;

    ServedClassifier(String name, Classifier classifier, Settings settings) {
        super(name, "labels");
        this.classifier = classifier;
        batcher = new FunctionBatcher<>(classifier::classify, settings);
    }

    /** Answers {@code POST /predict/NAME}, of a text or of several: the labels of each, the greatest score first. */
    String predict(@Nullable Object body, Duration deadline) throws InterruptedException {
        List<String> texts = Json.texts("the body", body);
        long begin = System.nanoTime();
        List<List<Label>> labels = batcher.apply(texts, deadline);
        long nanos = System.nanoTime() - begin;
        return Json.write(out -> {
            out.beginObject().name("model").value(name());
            out.name("classes").beginArray();
            for (List<Label> each : labels) {
                write(out, each);
            }
            out.endArray().name("examples").value(texts.size());
            out.name("microseconds").value(nanos / 1000).endObject();
        });
    }

    private static void write(JsonWriter out, List<Label> labels) throws IOException {
        out.beginArray();
        for (Label label : labels.subList(0, Math.min(Classes.MOST, labels.size()))) {
            out.beginObject().name("name").value(label.label()).name("probability");
            Json.number(out, DType.F32, label.score());
            out.endObject();
        }
        out.endArray();
    }

    @Override
    public Statistics statistics() {
        return batcher.statistics();
    }

    @Override
    void describe(JsonWriter out) throws IOException {
        out.name("labels").value(classifier.labels().size());
    }

    @Override
    public void close() {
        batcher.close();
        classifier.close();
    }

    @Override
    public String toString() {
        return name() + ": the labels " + Classes.some(classifier.labels()) + " of texts";
    }
}
