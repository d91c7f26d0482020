package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.http.ServedModel;
import dev.fathom.serve.http.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom load}: requests at a fixed rate. */
@Timeout(120)
class LoadTest {
    @TempDir
    Path temp;

    private static Service service() {
        try (var net = Model.of(new Sequential(new Linear(4, 3)), 1);
                var words = Model.of(new Sequential(new Embedding(2, 4), new Linear(4, 2)), 1)) {
            return Service.on(0)
                    .model(new ServedModel("net", Plan.freeze(net, Shape.of(1, 4)), Settings.of(8)))
                    .model(new ServedModel(
                            "bytes",
                            Plan.freeze(
                                    net,
                                    (n, in) -> n.apply(in[0].to(DType.F32).div(255)),
                                    Spec.of("pixels", DType.U8, Dim.BATCH, 4)),
                            Settings.of(8)))
                    .model(new ServedModel(
                            "words",
                            Plan.freeze(
                                    words, (n, in) -> n.apply(in[0]), Spec.of("w", DType.I32, Dim.BATCH, Dim.LENGTH)),
                            Settings.of(8).lengths(5)))
                    .start();
        }
    }

    private static CommandLineRun load(Service service, String path, String... options) {
        String[] args = new String[options.length + 8];
        System.arraycopy(
                new String[] {
                    "load",
                    "http://localhost:" + service.port() + path,
                    "--rate",
                    "100",
                    "--seconds",
                    "0.5",
                    "--warm",
                    "0.1"
                },
                0,
                args,
                0,
                8);
        System.arraycopy(options, 0, args, 8, options.length);
        return CommandLineRun.of(args);
    }

    /** It asks the service what it takes, and sends so many. */
    @Test
    void whatAServiceTakes() throws Exception {
        Path csv = temp.resolve("times.csv");
        Path page = temp.resolve("load.html");
        try (Service service = service()) {
            CommandLineRun run =
                    load(service, "", "--histogram", csv.toString(), "--page", page.toString(), "--connections", "3");
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.out())
                    .containsPattern("POST /predict/net, \\d+ bytes of application/json, 3 connections")
                    .contains("asked    100 a second for 0.5 s")
                    .contains(" 50 answers by 200")
                    .containsPattern("time +p50 [\\d.]+ ms +p90 [\\d.]+ ms +p99 [\\d.]+ ms +p99.9 [\\d.]+ ms +max ");
            assertThat(requests(service, "net")).isEqualTo(60);
            List<String> lines = Files.readAllLines(csv);
            assertThat(lines.get(0)).isEqualTo("percentile,milliseconds,requests");
            assertThat(lines.get(lines.size() - 1)).startsWith("100.000000,").endsWith(",50");
            assertThat(page).content().contains("p99.9", "<img");

            run = load(service, "/predict/net", "--bytes");
            assertThat(run.out())
                    .contains("16 bytes of application/octet-stream")
                    .contains(" 50 answers by 200");
            run = load(service, "/predict/bytes", "--bytes");
            assertThat(run.out())
                    .contains("4 bytes of application/octet-stream")
                    .contains(" 50 answers by 200");
            run = load(service, "/predict/words", "--length", "5");
            assertThat(run.out()).contains(" 50 answers by 200");
            run = load(service, "/health");
            assertThat(run.out()).contains("GET /health").contains(" 50 answers by 200");
            Path body = Files.writeString(temp.resolve("bad.json"), "[1]");
            run = load(service, "/predict/net", "--body", body.toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.out()).contains(" 0 answers by 200, 50 by 400");
        }
    }

    private static long requests(Service service, String model) {
        return service.models().get(model).batcher().statistics().requests();
    }

    private static HttpServer server(int millis, int... statuses) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        AtomicInteger n = new AtomicInteger();
        server.createContext("/", exchange -> {
            try (exchange) {
                Thread.sleep(millis);
                int status = statuses[n.getAndIncrement() % statuses.length];
                if (status > 0) {
                    exchange.sendResponseHeaders(status, -1);
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        server.start();
        return server;
    }

    private static Load.Result run(HttpServer server, double rate, double seconds) throws Exception {
        byte[] request = Load.request(server.getAddress(), "/", "", null);
        return new Load(server.getAddress(), request, rate, 0, seconds, 1).run(() -> {});
    }

    /** A service that takes twice as long as requests are apart makes each wait for all before it. */
    @Test
    void aRequestThatWaitsForOthersCountsItsWait() throws Exception {
        HttpServer server = server(20, 200);
        try {
            Load.Result result = run(server, 100, 0.5);
            assertThat(result.sent() + result.unsent()).isEqualTo(50);
            assertThat(result.times().getTotalCount()).isEqualTo(50);
            assertThat(result.millis(50)).isGreaterThan(24 * 20 - 24 * 10);
            assertThat(result.millis(100)).isGreaterThan(49 * 10);
            assertThat(result.rate()).isLessThan(51);
            assertThat(result.busy()).isGreaterThan(40);
        } finally {
            server.stop(0);
        }
    }

    /** What is not answered in time is given up, and its wait is not forgotten. */
    @Test
    void givesUp() throws Exception {
        HttpServer server = server(300, 200);
        try {
            Load.Result result = run(server, 100, 0.5);
            assertThat(result.unsent()).isGreaterThan(40);
            assertThat(result.times().getTotalCount()).isEqualTo(50);
            assertThat(result.millis(50)).isGreaterThan(1000);
            assertThat(result.allGood()).isFalse();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void countsWhatIsNotAnswered() throws Exception {
        HttpServer server = server(0, 200, 503, 200, 0, 0); // of those without an answer each is sent twice
        try {
            Load.Result result = run(server, 100, 0.4);
            assertThat(result.statuses())
                    .containsEntry(200, 20L)
                    .containsEntry(503, 10L)
                    .containsEntry(Load.NONE, 10L);
            assertThat(result.allGood()).isFalse();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void findsTheHighestRate() throws Exception {
        AtomicInteger trials = new AtomicInteger();
        double found = LoadCommand.search(rate -> trials.incrementAndGet() > 0 && rate <= 3000);
        assertThat(found).isBetween(3000 / 1.05, 3000.0);
        assertThat(trials.get()).isLessThan(12);
        assertThat(LoadCommand.search(rate -> false)).isZero();
    }

    @Test
    void mistakes() {
        for (String[] bad : new String[][] {
            {"--rate", "0"}, {"--rate", "NaN"}, {"--seconds", "0"}, {"--warm", "-1"}, {"--connections", "0"}
        }) {
            CommandLineRun run = CommandLineRun.of("load", "http://localhost:1", bad[0], bad[1]);
            assertThat(run.code()).as(bad[0]).isEqualTo(2);
            assertThat(run.err()).contains(bad[0] + " ").contains("choose numbers above 0");
        }
        CommandLineRun run = CommandLineRun.of("load", "https://localhost:1");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("give one that begins with http://");
        run = CommandLineRun.of("load", "http://no-such-host.invalid/health");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("there is no such host");
        run = CommandLineRun.of("load", "http://localhost:1");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("cannot ask http://localhost:1");
    }
}
