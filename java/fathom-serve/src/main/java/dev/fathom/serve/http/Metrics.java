package dev.fathom.serve.http;

import dev.fathom.memory.Memory;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a service counts, as Prometheus reads it. */
final class Metrics {
    /** Upper ends of the buckets of a histogram, in seconds. */
    private static final double[] ENDS = {
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    final AtomicInteger underWay = new AtomicInteger();
    private final Map<String, LongAdder> answers = new ConcurrentSkipListMap<>();
    private final LongAdder[] times = new LongAdder[ENDS.length + 1];
    private final LongAdder nanos = new LongAdder();

    Metrics() {
        for (int i = 0; i < times.length; i++) {
            times[i] = new LongAdder();
        }
    }

    void answered(String route, int status, long took) {
        answers.computeIfAbsent("route=\"" + route + "\",status=\"" + status + "\"", k -> new LongAdder())
                .increment();
        int i = 0;
        while (i < ENDS.length && took > ENDS[i] * 1e9) {
            i++;
        }
        times[i].increment();
        nanos.add(took);
    }

    /**
     * All that was counted.
     *
     * @param models what the models of a service have done, by their names
     * @param memory the native memory of those that are plans, with their sessions
     */
    String text(Map<String, Statistics> models, Map<String, Long> memory) {
        StringBuilder text = new StringBuilder();
        head(text, "fathom_http_requests_total", "counter", "Requests that were answered.");
        answers.forEach((labels, n) -> line(text, "fathom_http_requests_total", labels, n.sum()));
        head(text, "fathom_http_requests_in_flight", "gauge", "Requests that are being answered.");
        line(text, "fathom_http_requests_in_flight", "", underWay.get());
        head(
                text,
                "fathom_http_request_seconds",
                "histogram",
                "Time from the head of a request until its answer is sent.");
        long sum = 0;
        for (int i = 0; i < times.length; i++) {
            sum += times[i].sum();
            String end = i < ENDS.length ? String.format(Locale.ROOT, "%s", ENDS[i]) : "+Inf";
            line(text, "fathom_http_request_seconds_bucket", "le=\"" + end + "\"", sum);
        }
        text.append("fathom_http_request_seconds_sum ")
                .append(nanos.sum() / 1e9)
                .append('\n');
        line(text, "fathom_http_request_seconds_count", "", sum);
        models(text, models);
        head(text, "fathom_model_memory_bytes", "gauge", "Native memory of a plan and its sessions.");
        memory.forEach((name, bytes) -> line(text, "fathom_model_memory_bytes", "model=\"" + name + "\"", bytes));
        head(text, "fathom_native_memory_bytes", "gauge", "Native memory that plans, sessions and models hold.");
        line(text, "fathom_native_memory_bytes", "", Memory.stats().owned());
        return text.toString();
    }

    private static void models(StringBuilder text, Map<String, Statistics> models) {
        String[][] rows = {
            {"fathom_model_examples_total", "counter", "Examples that were computed."},
            {"fathom_model_batches_total", "counter", "Batches in which they were."},
            {"fathom_model_waiting", "gauge", "Examples that wait for a batch."},
            {"fathom_model_rejected_total", "counter", "Examples that found the queue full."},
            {"fathom_model_late_total", "counter", "Examples that were not run before their deadline."},
            {"fathom_model_canceled_total", "counter", "Examples that were canceled before they were run."},
            {"fathom_model_failed_total", "counter", "Examples that a run refused."}
        };
        for (int r = 0; r < rows.length; r++) {
            head(text, rows[r][0], rows[r][1], rows[r][2]);
            int row = r;
            models.forEach((name, s) -> {
                long[] values = {
                    s.requests(), s.batches(), s.waiting(), s.rejected(), s.late(), s.canceled(), s.failed()
                };
                line(text, rows[row][0], "model=\"" + name + "\"", values[row]);
            });
        }
    }

    private static void head(StringBuilder text, String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static void line(StringBuilder text, String name, String labels, long value) {
        text.append(name);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(value).append('\n');
    }
}
