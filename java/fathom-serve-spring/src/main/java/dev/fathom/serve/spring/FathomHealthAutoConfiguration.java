package dev.fathom.serve.spring;

import dev.fathom.plan.Spec;
import dev.fathom.serve.DeadlineException;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Request;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/**
 * The health {@code fathom} of an application that has Spring Boot's actuator and a {@link MicroBatcher}, which is
 * asked for an example of zeros: up if it is computed, out of service if its turn does not come within a second, and
 * down if the batcher is closed.
 */
@AutoConfiguration(after = FathomAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
public final class FathomHealthAutoConfiguration {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    FathomHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnSingleCandidate(MicroBatcher.class)
    @ConditionalOnEnabledHealthIndicator("fathom")
    @ConditionalOnMissingBean(name = "fathomHealthIndicator")
    HealthIndicator fathomHealthIndicator(MicroBatcher batcher) {
        return () -> {
            Health.Builder health = Health.up();
            try {
                zeros(batcher).deadline(PATIENCE).run();
            } catch (DeadlineException e) {
                health.outOfService().withDetail("error", e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                health.unknown();
            } catch (IllegalArgumentException e) {
                // the plan refuses zeros, so it runs
            } catch (RuntimeException e) {
                health.down(e);
            }
            return health.withDetail("waiting", batcher.statistics().waiting()).build();
        };
    }

    private static Request zeros(MicroBatcher batcher) {
        List<Integer> lengths = batcher.settings().lengths();
        int length = lengths.isEmpty() ? 1 : lengths.get(0);
        Request request = lengths.isEmpty() ? batcher.request() : batcher.request(length);
        for (Spec input : batcher.inputs()) {
            if (!input.isLengths()) {
                int n = Math.toIntExact(input.elements(1, length));
                switch (input.dtype()) {
                    case F32 -> request.set(input.name(), new float[n]);
                    case I32 -> request.set(input.name(), new int[n]);
                    case U8, I8 -> request.set(input.name(), new byte[n]);
                    case F16, BF16 -> request.set(input.name(), new short[n]);
                }
            }
        }
        return request;
    }
}
