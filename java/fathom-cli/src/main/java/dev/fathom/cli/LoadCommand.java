package dev.fathom.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.op.DType;
import dev.fathom.view.Chart;
import dev.fathom.view.HtmlReport;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import org.HdrHistogram.HistogramIterationValue;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom load URL}: how long a service takes to answer, at a rate that it does not choose. */
@Command(
        name = "load",
        description = "Sends requests to a service at a fixed rate, and measures how long each takes from the time at"
                + " which it was due. What fathom serve serves is asked for what it takes, and gets such examples.",
        sortOptions = false)
public final class LoadCommand implements Callable<Integer> {
    private static final String BYTES = "application/octet-stream";
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};
    /** The first rate that a search tries. */
    private static final double FIRST = 100;
    /** How near the search comes to the highest rate. */
    private static final double NEAR = 1.05;

    private static final double TRIAL = 2;

    private final PrintStream out;
    private final PrintStream err;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "URL",
            description = "The service, such as http://localhost:8080, or one of its addresses, such as"
                    + " http://localhost:8080/predict/net.")
    private URI url;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Requests a second (${DEFAULT-VALUE}).")
    private double rate;

    @Option(
            names = "--find",
            description = "Looks for the highest rate that the service sustains, and then measures at half of it:"
                    + " everything is answered by 200, at least 99 %% of the rate is reached, and the 99th percentile"
                    + " is within --bound.")
    private boolean find;

    @Option(
            names = "--bound",
            paramLabel = "MILLISECONDS",
            defaultValue = "50",
            description = "The longest 99th percentile of a sustained rate (${DEFAULT-VALUE}).")
    private double bound;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "For how long it measures (${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--warm",
            paramLabel = "N",
            defaultValue = "2",
            description = "Seconds before that are not counted (${DEFAULT-VALUE}).")
    private double warm;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "16",
            description = "Connections, each of which has one request under way (${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--body",
            paramLabel = "FILE",
            description = "What to send: JSON where the name ends in .json, and raw bytes otherwise.")
    private @Nullable Path body;

    @Option(names = "--bytes", description = "Sends the example that it makes as raw bytes, not as JSON.")
    private boolean bytes;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "16",
            description = "Steps of the example that it makes, where the model takes sequences (${DEFAULT-VALUE}).")
    private int length;

    @Option(
            names = "--histogram",
            paramLabel = "FILE",
            description = "Writes the times as CSV: percentile, milliseconds, requests.")
    private @Nullable Path histogram;

    @Option(names = "--page", paramLabel = "PAGE", description = "Writes figures and a chart to a page .html.")
    private @Nullable Path page;

    @Mixin
    Help help;

    public LoadCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (!(rate > 0 && bound > 0 && seconds > 0 && warm >= 0) || connections < 1 || length < 1) {
            throw misuse("--rate " + rate + " --bound " + bound + " --seconds " + seconds + " --warm " + warm
                    + " --connections " + connections + " --length " + length
                    + ": choose numbers above 0; --warm may be 0");
        }
        if (!"http".equals(url.getScheme()) || url.getHost() == null) {
            throw misuse("URL " + url + ": give one that begins with http:// and names a host");
        }
        try {
            Target target = target();
            double asked = find ? sustained(target) / 2 : rate;
            out.printf(Locale.ROOT, "%s, %d connections%n", target.name, connections);
            out.printf(Locale.ROOT, "asked    %,.0f a second for %.1f s%n", asked, seconds);
            Load.Result result = measure(target, asked, warm, seconds);
            print(result);
            if (histogram != null) {
                Files.writeString(histogram, csv(result));
            }
            if (page != null) {
                page(target, result).write(page);
            }
            return result.allGood() ? 0 : 1;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot ask " + url + ": " + e, e);
        } catch (InterruptedException e) {
            return Interrupt.CODE;
        }
    }

    private ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    // ---- what is sent

    private record Target(InetSocketAddress address, String name, byte[] request) {}

    private Target target() throws IOException, InterruptedException {
        String path = url.getRawPath() == null ? "" : url.getRawPath().replaceFirst("/+$", "");
        byte[] content = null;
        String type = "application/json";
        if (body != null) {
            content = Files.readAllBytes(body);
            type = body.toString().endsWith(".json") ? type : BYTES;
        } else if (path.isEmpty() || path.startsWith("/predict/")) {
            path = path.isEmpty() ? predict() : path;
            List<JsonObject> inputs = new ArrayList<>();
            got("/v2/models/" + path.substring("/predict/".length()))
                    .getAsJsonArray("inputs")
                    .forEach(input -> inputs.add(input.getAsJsonObject()));
            content = bytes ? bytes(inputs) : json(inputs).getBytes(StandardCharsets.US_ASCII);
            type = bytes ? BYTES : type;
        }
        InetSocketAddress address = new InetSocketAddress(url.getHost(), url.getPort() < 0 ? 80 : url.getPort());
        if (address.isUnresolved()) {
            throw misuse("URL " + url + ": there is no such host");
        }
        String name = content == null
                ? "GET " + path
                : String.format(Locale.ROOT, "POST %s, %,d bytes of %s", path, content.length, type);
        return new Target(address, name, Load.request(address, path, type, content));
    }

    /** The address at which the first model of the service computes. */
    private String predict() throws IOException, InterruptedException {
        return got("/openapi.json").getAsJsonObject("paths").keySet().stream()
                .filter(path -> path.startsWith("/predict/"))
                .findFirst()
                .orElseThrow(() -> new IOException("it has no /predict/NAME; give an address and a --body"));
    }

    private JsonObject got(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(url.resolve(path)).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(path + " is answered by " + answer.statusCode() + "; give an address and a --body");
        }
        try {
            return JsonParser.parseString(answer.body()).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException(path + " is no JSON; give an address and a --body", e);
        }
    }

    /** The numbers of an example of an input: from 0 to 1, to 255 of U8, and 0 or 1 where they may be tokens. */
    private double[] example(JsonObject input) {
        int n = 1;
        for (JsonElement dim : input.getAsJsonArray("shape")
                .asList()
                .subList(1, input.getAsJsonArray("shape").size())) {
            n *= dim.getAsInt() < 0 ? length : dim.getAsInt();
        }
        DType type = type(input);
        return new Random(1)
                .ints(n, 0, 1000)
                .mapToDouble(i -> type.isWhole() ? i % (type == DType.U8 ? 256 : 2) : i / 1000.0)
                .toArray();
    }

    private static DType type(JsonObject input) {
        return switch (input.get("datatype").getAsString()) {
            case "FP32" -> DType.F32;
            case "FP16" -> DType.F16;
            case "BF16" -> DType.BF16;
            case "UINT8" -> DType.U8;
            case "INT8" -> DType.I8;
            default -> DType.I32;
        };
    }

    private String json(List<JsonObject> inputs) {
        JsonObject named = new JsonObject();
        for (JsonObject input : inputs) {
            boolean whole = type(input).isWhole();
            StringBuilder numbers = new StringBuilder("[");
            for (double value : example(input)) {
                numbers.append(numbers.length() > 1 ? "," : "").append(whole ? Integer.toString((int) value) : value);
            }
            named.add(
                    input.get("name").getAsString(),
                    JsonParser.parseString(numbers.append(']').toString()));
        }
        JsonObject all = new JsonObject();
        all.add("inputs", named);
        return all.toString();
    }

    private byte[] bytes(List<JsonObject> inputs) {
        if (inputs.size() != 1) {
            throw misuse(
                    "--bytes: the model has " + inputs.size() + " inputs, of which raw bytes give one; leave it out");
        }
        DType type = type(inputs.get(0));
        double[] values = example(inputs.get(0));
        ByteBuffer all = ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            type.put(all, i, values[i]);
        }
        return all.array();
    }

    // ---- measuring

    private Load.Result measure(Target target, double asked, double before, double counted)
            throws IOException, InterruptedException {
        Load load = new Load(target.address, target.request, asked, before, counted, connections);
        StatusLine line = new StatusLine(err);
        Load.Result result = load.run(() -> {
            String left = StatusLine.left((before + counted) * (1 - load.done()));
            line.show(StatusLine.bar(load.done()) + String.format(Locale.ROOT, " %,.0f/s  ", asked) + left);
        });
        line.clear();
        return result;
    }

    /** What says whether a rate is sustained. */
    interface Trial {
        boolean sustains(double rate) throws IOException, InterruptedException;
    }

    /** The highest rate that is sustained: doubled until it is not, then halfway between; 0 if the first is not. */
    static double search(Trial trial) throws IOException, InterruptedException {
        double low = 0;
        double high = FIRST;
        while (trial.sustains(high)) {
            low = high;
            high *= 2;
        }
        while (low > 0 && high / low > NEAR) {
            double middle = Math.sqrt(low * high);
            if (trial.sustains(middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private double sustained(Target target) throws IOException, InterruptedException {
        double highest = search(asked -> sustains(target, asked));
        if (highest == 0) {
            throw new IOException(String.format(Locale.ROOT, "it does not sustain %.0f requests a second", FIRST));
        }
        out.printf(Locale.ROOT, "highest sustained rate: %,.0f a second%n%n", highest);
        return highest;
    }

    /** Whether a rate is sustained in one of two trials, as another process may disturb one. */
    private boolean sustains(Target target, double asked) throws IOException, InterruptedException {
        for (int trial = 0; trial < 2; trial++) {
            Load.Result result = measure(target, asked, TRIAL / 4, TRIAL);
            boolean good = result.allGood() && result.rate() >= 0.99 * asked && result.millis(99) <= bound;
            out.printf(
                    Locale.ROOT,
                    "%,9.0f a second: %s, reached %,.0f, p99 %.2f ms%s%n",
                    asked,
                    good ? "sustained" : "not sustained",
                    result.rate(),
                    result.millis(99),
                    result.allGood() ? "" : ", " + failures(result));
            if (good) {
                return true;
            }
        }
        return false;
    }

    // ---- what is said

    private static String failures(Load.Result result) {
        List<String> all = new ArrayList<>();
        result.statuses().forEach((status, n) -> {
            if (status != 200) {
                all.add(String.format(
                        Locale.ROOT, "%,d %s", n, status == Load.NONE ? "without an answer" : "by " + status));
            }
        });
        if (result.unsent() > 0) {
            all.add(String.format(Locale.ROOT, "%,d not sent, as the service was a second behind", result.unsent()));
        }
        return String.join(", ", all);
    }

    private void print(Load.Result result) {
        out.printf(
                Locale.ROOT,
                "reached  %,.0f a second, %,d answers by 200%s%n",
                result.rate(),
                result.good(),
                result.allGood() ? "" : ", " + failures(result));
        out.print("time    ");
        for (double percentile : PERCENTILES) {
            out.printf(Locale.ROOT, " %s %.3f ms  ", name(percentile), result.millis(percentile));
        }
        out.println();
        double late = result.wakes().getValueAtPercentile(99) * 1e-6;
        out.printf(
                Locale.ROOT,
                "of which the generator woke late: p50 %.3f ms, p99 %.3f ms; %.2f %% found no free connection%n",
                result.wakes().getValueAtPercentile(50) * 1e-6,
                late,
                100.0 * result.busy() / Math.max(1, result.sent()));
        if (late > result.millis(99) / 2) {
            out.println("The generator did not keep its schedule: much of the time is its own. Give it a processor, or"
                    + " another machine.");
        }
    }

    private static String name(double percentile) {
        return percentile == 100 ? "max" : "p" + (percentile == 99.9 ? "99.9" : String.valueOf((int) percentile));
    }

    private static String csv(Load.Result result) {
        StringBuilder csv = new StringBuilder("percentile,milliseconds,requests\n");
        for (HistogramIterationValue value : result.times().percentiles(5)) {
            csv.append(String.format(
                    Locale.ROOT,
                    "%.6f,%.4f,%d%n",
                    value.getPercentileLevelIteratedTo(),
                    value.getValueIteratedTo() * 1e-6,
                    value.getTotalCountToThisValue()));
        }
        return csv.toString();
    }

    private static HtmlReport page(Target target, Load.Result result) {
        HtmlReport report = new HtmlReport("Load: " + target.name)
                .figure("Answers a second", String.format(Locale.ROOT, "%,.0f", result.rate()));
        for (double percentile : PERCENTILES) {
            report.figure(name(percentile), String.format(Locale.ROOT, "%.3f ms", result.millis(percentile)));
        }
        List<double[]> points = new ArrayList<>();
        for (HistogramIterationValue value : result.times().percentiles(5)) {
            if (value.getPercentileLevelIteratedTo() < 100) {
                points.add(new double[] {
                    100 / (100 - value.getPercentileLevelIteratedTo()), value.getValueIteratedTo() * 1e-6
                });
            }
        }
        Chart chart = new Chart("Milliseconds that one in so many requests exceeds", "one in")
                .line(
                        "time",
                        points.stream().mapToDouble(p -> p[0]).toArray(),
                        points.stream().mapToDouble(p -> p[1]).toArray())
                .logarithmic(true, true);
        return report.captioned(
                chart.render(), "Times from when each request was due until its answer was read, in milliseconds.");
    }
}
