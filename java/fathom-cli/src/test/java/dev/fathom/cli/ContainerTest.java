package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the Containerfile names is there, and what it runs serves and stops as it says. */
@Timeout(120)
class ContainerTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Pattern PORT = Pattern.compile("Open http://0\\.0\\.0\\.0:(\\d+)/ in a browser");

    @TempDir
    Path temp;

    /** The instructions, each in one line. */
    private static List<String> instructions() throws Exception {
        return Files.readString(ROOT.resolve("Containerfile"))
                .replaceAll("(?m)^#.*\n", "")
                .replaceAll("\\\\\n\\s*", "")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /** The words of the only instruction that begins so, which are a list in JSON. */
    private static List<String> words(String begin) throws Exception {
        List<String> found =
                instructions().stream().filter(line -> line.startsWith(begin)).toList();
        assertThat(found).as(begin).hasSize(1);
        return List.of(new Gson().fromJson(found.get(0).substring(found.get(0).indexOf('[')), String[].class));
    }

    /** Paths of the first stage, and where the second one finds them. */
    @Test
    void whatIsNamedIsInTheBuild() throws Exception {
        String build = String.join("\n", instructions());
        assertThat(build).contains("RUN ./fathom --version && ");
        assertThat(ROOT.resolve("fathom")).isExecutable();
        for (String path : List.of("java/fathom-cli/target/classpath", "java/fathom-cli/target/classes")) {
            assertThat(build).contains(path);
        }
        assertThat(ROOT.resolve("java/fathom-cli/target/classes/dev/fathom/cli/Main.class"))
                .exists();
        assertThat(Files.readString(ROOT.resolve("java/fathom-cli/pom.xml")))
                .contains("<outputFile>${project.build.directory}/classpath</outputFile>");
        assertThat(build).contains("COPY --from=build /service /service");
        assertThat(words("ENTRYPOINT ")).contains("/service/classes:/service/*");
        assertThat(build).contains("EXPOSE 8080").contains("/dev/tcp/localhost/8080 ");
        assertThat(CommandLineRun.of("serve", "--help").out()).contains("The port (8080).");
        for (String ignored : Files.readAllLines(ROOT.resolve(".dockerignore"))) {
            assertThat(List.of("**/target", ".git", "out")).contains(ignored); // nothing that the build needs
        }
    }

    /** Asked to stop, the process answers what it has accepted before it ends. */
    @Test
    void itServesIsHealthyAndEndsWithWhatItHasAccepted() throws Exception {
        Path file = temp.resolve("net.plan");
        try (var model = Model.of(new Linear(2, 1), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 2))) {
            plan.save(file);
        }
        List<String> command = new ArrayList<>(words("ENTRYPOINT "));
        command.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.replaceAll(word -> word.startsWith("/service/") ? System.getProperty("java.class.path") : word);
        assertThat(words("CMD ")).containsExactly("/plans/net.plan");
        command.add(file.toString());
        command.addAll(List.of("--port", "0", "--delay", "2000000")); // so that a request waits when it is told to stop
        Process service = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader said = service.inputReader()) {
            int port = port(said);
            assertThat(health(port)).isZero();
            HttpClient client = HttpClient.newHttpClient();
            CompletableFuture<HttpResponse<String>> waiting = client.sendAsync(
                    to(port, "/predict")
                            .POST(BodyPublishers.ofString("[[1, 2], [3, 4]]"))
                            .build(),
                    BodyHandlers.ofString());
            while (!waiting.isDone()
                    && !client.send(to(port, "/metrics").build(), BodyHandlers.ofString())
                            .body()
                            .contains("fathom_model_waiting{model=\"net\"} 2")) {
                Thread.sleep(10);
            }
            service.destroy(); // as a container is stopped: SIGTERM
            assertThat(waiting.get().statusCode()).isEqualTo(200);
            assertThat(waiting.get().body()).contains("\"examples\":2");
            assertThat(service.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(service.exitValue()).isEqualTo(128 + 15);
            assertThat(health(port)).isNotZero();
        } finally {
            service.destroyForcibly();
        }
    }

    private static int port(BufferedReader said) throws Exception {
        List<String> all = new ArrayList<>();
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            all.add(line);
            Matcher port = PORT.matcher(line);
            if (port.find()) {
                return Integer.parseInt(port.group(1));
            }
        }
        throw new AssertionError("it did not begin to serve: " + all);
    }

    private static HttpRequest.Builder to(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    }

    /** The exit code of the command by which a container is known to be healthy. */
    private static int health(int port) throws Exception {
        String[] command = words("HEALTHCHECK ").stream()
                .map(word -> word.replace("8080", String.valueOf(port)))
                .toArray(String[]::new);
        assertThat(Arrays.toString(command)).contains("/dev/tcp/localhost/" + port);
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    }
}
