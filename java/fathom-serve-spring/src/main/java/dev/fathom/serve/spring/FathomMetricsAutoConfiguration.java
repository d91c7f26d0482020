package dev.fathom.serve.spring;

import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.StreamPool;
import dev.fathom.serve.micrometer.ServeMeters;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * The {@linkplain ServeMeters meters} of all pools and batchers that are beans, under the names of the beans, and of
 * the native memory, where {@code fathom-serve-micrometer} is on the class path.
 */
@AutoConfiguration(after = FathomAutoConfiguration.class)
@ConditionalOnClass({MeterBinder.class, ServeMeters.class})
public final class FathomMetricsAutoConfiguration {
    FathomMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "fathomMeters")
    MeterBinder fathomMeters(ListableBeanFactory beans) {
        return registry -> {
            ServeMeters.memory().bindTo(registry);
            beans.getBeansOfType(SessionPool.class)
                    .forEach((name, pool) -> ServeMeters.of(name, pool).bindTo(registry));
            beans.getBeansOfType(Served.class)
                    .forEach((name, served) -> ServeMeters.of(name, served).bindTo(registry));
            beans.getBeansOfType(StreamPool.class)
                    .forEach((name, streams) -> ServeMeters.of(name, streams).bindTo(registry));
            beans.getBeansOfType(MicroBatcher.class)
                    .forEach((name, batcher) -> ServeMeters.of(name, batcher).bindTo(registry));
            beans.getBeansOfType(FunctionBatcher.class)
                    .forEach((name, batcher) -> ServeMeters.of(name, batcher).bindTo(registry));
        };
    }
}
