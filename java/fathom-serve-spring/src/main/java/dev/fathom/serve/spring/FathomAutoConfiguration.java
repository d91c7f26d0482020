package dev.fathom.serve.spring;

import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.StreamPool;
import java.nio.file.Path;
import java.util.Objects;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * The file that {@code fathom.file} names, the plan of it, and a batcher or a pool that serves the plan. Each stands
 * back behind a bean of the application's own: a {@link Plan} of its own is served as one of a file, and beside a
 * {@link SessionPool}, {@link StreamPool}, {@link Served} or {@link MicroBatcher} of its own there is no other. They
 * are closed in the opposite order, after requests that were submitted.
 */
@AutoConfiguration
@EnableConfigurationProperties(FathomProperties.class)
public final class FathomAutoConfiguration {
    FathomAutoConfiguration() {}

    @Bean
    @ConditionalOnProperty("fathom.file")
    @ConditionalOnMissingBean({PlanFile.class, Plan.class})
    PlanFile fathomFile(FathomProperties settings) {
        Path file = Objects.requireNonNull(settings.file(), "fathom.file is empty; name a file of plans");
        return settings.mapped() ? PlanFile.open(file) : PlanFile.load(file);
    }

    @Bean
    @ConditionalOnBean(PlanFile.class)
    @ConditionalOnMissingBean
    Plan fathomPlan(PlanFile file, FathomProperties settings) {
        String name = settings.plan();
        return name == null ? file.plan() : file.plan(name);
    }

    @Bean
    @ConditionalOnBean(Plan.class)
    @ConditionalOnProperty("fathom.sessions")
    @ConditionalOnMissingBean({SessionPool.class, StreamPool.class, Served.class, MicroBatcher.class})
    SessionPool fathomSessions(Plan plan, FathomProperties settings) {
        return new SessionPool(settings.sessions(), () -> plan.newSession(1).threads(1));
    }

    @Bean
    @ConditionalOnBean(Plan.class)
    @ConditionalOnMissingBean({SessionPool.class, StreamPool.class, Served.class, MicroBatcher.class})
    MicroBatcher fathomBatcher(Plan plan, FathomProperties settings) {
        return new MicroBatcher(plan, settings.batch().settings());
    }
}
