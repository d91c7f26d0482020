package dev.fathom.serve.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.plan.Spec;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.micrometer.ServeMeters;
import dev.fathom.tensor.Rng;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.actuate.autoconfigure.health.HealthContributorAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.health.HealthEndpointAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.metrics.MetricsAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.metrics.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.actuate.health.HealthEndpoint;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.ClassUtils;

/** What an application gets of a plan in a file, and of beans of its own. */
@Timeout(120)
class FathomAutoConfigurationTest {
    private static final int IN = 4;

    @TempDir
    Path temp;

    private static Plan vectors(int seed) {
        try (var model = Model.of(new Linear(IN, 3), seed)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    private static Plan tokens() {
        try (var model = Model.of(new Embedding(20, 4), 1)) {
            return Plan.freeze(
                    model,
                    (net, in) -> net.apply(in[0]),
                    Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH).length(1, 64));
        }
    }

    private Path file() {
        Path file = temp.resolve("net.plan");
        try (Plan plan = vectors(1)) {
            plan.save(file);
        }
        return file;
    }

    /** An application with what the file of Spring Boot names, and these settings. */
    private static ApplicationContextRunner app(String... settings) {
        Class<?>[] named = StreamSupport.stream(
                        ImportCandidates.load(AutoConfiguration.class, null).spliterator(), false)
                .filter(name -> name.startsWith("dev.fathom."))
                .map(name -> ClassUtils.resolveClassName(name, null))
                .toArray(Class<?>[]::new);
        assertThat(named).hasSize(3);
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(named))
                .withPropertyValues(settings);
    }

    private ApplicationContextRunner serving(String... settings) {
        return app("fathom.file=" + file()).withPropertyValues(settings);
    }

    /** The sentences of a context that failed. */
    private static String failure(ApplicationContextRunner app) {
        StringBuilder all = new StringBuilder();
        app.run(context -> {
            assertThat(context).hasFailed();
            for (Throwable t = context.getStartupFailure(); t != null; t = t.getCause()) {
                all.append(t.getMessage()).append('\n');
            }
        });
        return all.toString();
    }

    @Test
    void withoutAFileThereIsNothing() {
        app().run(context -> assertThat(context)
                .hasNotFailed()
                .hasSingleBean(FathomProperties.class)
                .doesNotHaveBean(PlanFile.class)
                .doesNotHaveBean(Plan.class)
                .doesNotHaveBean(MicroBatcher.class)
                .doesNotHaveBean(SessionPool.class)
                .doesNotHaveBean(HealthIndicator.class));
    }

    @Test
    void thePlanOfAFileIsServedToTheLastBit() {
        float[] x = new Rng(1).normal(IN, 0, 1);
        float[] expected;
        try (Plan plan = vectors(1)) {
            expected = plan.predict(x);
        }
        for (String mapped : List.of("true", "false")) {
            serving("fathom.mapped=" + mapped).run(context -> {
                assertThat(context.getBean(MicroBatcher.class).predict(x)).containsExactly(expected);
                assertThat(context.getBean(Plan.class).predict(x)).containsExactly(expected);
                assertThat(context).doesNotHaveBean(SessionPool.class);
            });
        }
        serving("fathom.sessions=2").run(context -> {
            SessionPool pool = context.getBean(SessionPool.class);
            float[] y = pool.with(session -> {
                session.set(x).run();
                float[] values = new float[3];
                session.output().get(values);
                return values;
            });
            assertThat(y).containsExactly(expected);
            assertThat(pool.statistics().sessions()).isEqualTo(2);
            assertThat(context).doesNotHaveBean(MicroBatcher.class);
        });
    }

    @Test
    void settingsArrive() {
        serving(
                        "fathom.batch.examples=8",
                        "fathom.batch.tokens=100",
                        "fathom.batch.delay=2ms",
                        "fathom.batch.capacity=9",
                        "fathom.batch.workers=2",
                        "fathom.batch.threads=1")
                .run(context -> assertThat(context.getBean(MicroBatcher.class).settings())
                        .isEqualTo(new Settings(8, 100, Duration.ofMillis(2), 9, List.of(), 2, 1)));
        serving()
                .run(context -> assertThat(context.getBean(MicroBatcher.class).settings())
                        .isEqualTo(Settings.of(32)));
    }

    @Test
    void oneOfSeveralPlans() {
        Path file = temp.resolve("two.plan");
        try (Plan one = vectors(1);
                Plan other = tokens()) {
            PlanFile.save(file, Map.of("vectors", one, "tokens", other), Map.of("classes", "a\nb\nc"));
        }
        String it = "fathom.file=" + file;
        assertThat(failure(app(it))).contains("it has the plans [").contains("choose one of them");
        assertThat(failure(app(it, "fathom.plan=pixels"))).contains("there is no plan \"pixels\"; it has [");
        app(it, "fathom.plan=tokens", "fathom.batch.lengths=8,16").run(context -> {
            assertThat(context.getBean(MicroBatcher.class).settings().lengths()).containsExactly(8, 16);
            assertThat(context.getBean(PlanFile.class).text("classes")).isEqualTo("a\nb\nc");
            assertThat(context.getBean(HealthIndicator.class).health().getStatus())
                    .isEqualTo(Status.UP);
        });
    }

    @Test
    void aFileThatIsNoneOrDamagedIsNamed() throws Exception {
        Path none = temp.resolve("none.plan");
        assertThat(failure(app("fathom.file=" + none)))
                .contains(none.toString())
                .contains("it does not exist");
        Path file = file();
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertThat(failure(app("fathom.file=" + file)))
                .contains(file + ": ")
                .contains("the file is damaged, save the plan again");
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(failure(app("fathom.file=" + file, "fathom.mapped=false")))
                .contains(file + ": ")
                .contains("the file is damaged, save the plan again");
    }

    /** A wrong setting is named, and nothing that was made before it stays. */
    @Test
    void wrongSettings() {
        long before = Memory.stats().owned();
        Map<String, String> wrong = Map.of(
                "fathom.batch.examples=0", "examples",
                "fathom.batch.capacity=0", "capacity",
                "fathom.batch.workers=-1", "workers",
                "fathom.batch.delay=-1ms", "delay",
                "fathom.batch.lengths=16", "the settings have the lengths [16] but no input of the plan has",
                "fathom.batch.examples=many", "fathom.batch.examples",
                "fathom.sessions=0", "sessions",
                "fathom.file=", "fathom.file is empty; name a file of plans");
        wrong.forEach((setting, said) ->
                assertThat(failure(serving(setting))).as(setting).contains(said));
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    @Test
    void aPlanOfOnesOwnIsServed() {
        float[] x = new Rng(1).normal(IN, 0, 1);
        serving().withBean("mine", Plan.class, () -> vectors(2)).run(context -> {
            assertThat(context).doesNotHaveBean(PlanFile.class).hasSingleBean(Plan.class);
            assertThat(context.getBean(MicroBatcher.class).predict(x))
                    .containsExactly(context.getBean(Plan.class).predict(x));
        });
    }

    @Test
    void whatServesMayBeOnesOwn() {
        serving("fathom.sessions=2")
                .withBean("mine", Served.class, () -> new Served(vectors(2), 1, plan -> plan.newSession(1)))
                .run(context -> assertThat(context)
                        .hasSingleBean(Plan.class)
                        .doesNotHaveBean(MicroBatcher.class)
                        .doesNotHaveBean(SessionPool.class));
        serving()
                .withBean("mine", MicroBatcher.class, () -> new MicroBatcher(vectors(2), Settings.of(2)))
                .run(context -> {
                    assertThat(context).hasSingleBean(MicroBatcher.class);
                    assertThat(context.getBean(HealthIndicator.class).health().getStatus())
                            .isEqualTo(Status.UP);
                });
    }

    /** What was submitted is answered, then all is closed, and no native memory stays. */
    @Test
    void closing() {
        Path file = file();
        float[] x = new Rng(1).normal(IN, 0, 1);
        long before = Memory.stats().owned();
        app("fathom.file=" + file, "fathom.batch.delay=1h").run(context -> {
            Plan plan = context.getBean(Plan.class);
            MicroBatcher batcher = context.getBean(MicroBatcher.class);
            float[] expected = plan.predict(x);
            CompletableFuture<float[]> waiting = batcher.submit(x);
            assertThat(waiting).isNotDone();
            context.getSourceApplicationContext(ConfigurableApplicationContext.class)
                    .close();
            assertThat(waiting).isCompleted();
            assertThat(waiting.join()).containsExactly(expected);
            assertThatThrownBy(() -> batcher.predict(x)).hasMessageContaining("the batcher is closed");
            assertThatThrownBy(() -> plan.predict(x)).hasMessageContaining("plan is closed");
        });
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    @Test
    void health() {
        serving().run(context -> {
            HealthIndicator health = context.getBean(HealthIndicator.class);
            assertThat(health.health().getStatus()).isEqualTo(Status.UP);
            assertThat(health.health().getDetails()).containsEntry("waiting", 0);
            context.getBean(MicroBatcher.class).close();
            assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
            assertThat(health.health().getDetails().get("error").toString()).contains("the batcher is closed");
        });
        serving("fathom.batch.delay=1h", "fathom.batch.capacity=1").run(context -> {
            context.getBean(MicroBatcher.class).submit(new float[IN]);
            assertThat(context.getBean(HealthIndicator.class).health().getStatus())
                    .isEqualTo(Status.OUT_OF_SERVICE);
        });
        serving("management.health.fathom.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
        serving()
                .withClassLoader(new FilteredClassLoader(HealthIndicator.class))
                .run(context ->
                        assertThat(context).hasSingleBean(MicroBatcher.class).doesNotHaveBean("fathomHealthIndicator"));
    }

    @Test
    void theActuatorShowsHealthAndMeters() {
        serving("management.endpoints.web.exposure.include=*")
                .withConfiguration(AutoConfigurations.of(
                        HealthContributorAutoConfiguration.class,
                        HealthEndpointAutoConfiguration.class,
                        MetricsAutoConfiguration.class,
                        SimpleMetricsExportAutoConfiguration.class))
                .withBean("mine", SessionPool.class, () -> {
                    try (Plan plan = vectors(2)) {
                        return new SessionPool(3, () -> plan.newSession(1));
                    }
                })
                .withBean("batcher", MicroBatcher.class, () -> new MicroBatcher(vectors(2), Settings.of(2)))
                .run(context -> {
                    context.getBean(MicroBatcher.class).predict(new float[IN]);
                    assertThat(context.getBean(HealthEndpoint.class)
                                    .healthForPath("fathom")
                                    .getStatus())
                            .isEqualTo(Status.UP);
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    assertThat(registry.get("fathom.serve.batcher.requests")
                                    .tags("name", "batcher", "outcome", "computed")
                                    .functionCounter()
                                    .count())
                            .isEqualTo(2); // and the one of the health
                    assertThat(registry.get("fathom.serve.pool.sessions")
                                    .tag("name", "mine")
                                    .gauge()
                                    .value())
                            .isEqualTo(3);
                    assertThat(registry.get("fathom.memory.used")
                                    .tag("area", "owned")
                                    .gauge()
                                    .value())
                            .isPositive();
                });
        serving()
                .withClassLoader(new FilteredClassLoader(ServeMeters.class))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(MicroBatcher.class)
                        .doesNotHaveBean("fathomMeters"));
    }

    /** An editor of settings knows each of them, with a sentence. */
    @Test
    void theSettingsAreDescribed() throws Exception {
        String file = "/META-INF/spring-configuration-metadata.json";
        Map<String, Map<?, ?>> described = new TreeMap<>();
        try (InputStream in = FathomProperties.class.getResourceAsStream(file)) {
            Map<String, Object> all =
                    JsonParserFactory.getJsonParser().parseMap(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            for (Object each : (List<?>) all.get("properties")) {
                described.put(((Map<?, ?>) each).get("name").toString(), (Map<?, ?>) each);
            }
        }
        assertThat(described.keySet())
                .containsExactly(
                        "fathom.batch.capacity",
                        "fathom.batch.delay",
                        "fathom.batch.examples",
                        "fathom.batch.lengths",
                        "fathom.batch.threads",
                        "fathom.batch.tokens",
                        "fathom.batch.workers",
                        "fathom.file",
                        "fathom.mapped",
                        "fathom.plan",
                        "fathom.sessions");
        described.forEach((name, it) ->
                assertThat(it.get("description").toString()).as(name).endsWith("."));
        assertThat(described.get("fathom.batch.examples").get("defaultValue")).isEqualTo(32);
    }
}
