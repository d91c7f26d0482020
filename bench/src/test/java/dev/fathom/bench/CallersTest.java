package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.bench.Callers.Samples;
import org.junit.jupiter.api.Test;

class CallersTest {
    @Test
    void percentilesAreOfAllSamples() {
        Samples all = new Samples();
        assertThat(all.tail()).containsExactly(0, 0, 0, 0);
        for (int part = 0; part < 10; part++) {
            Samples samples = new Samples();
            for (int i = 0; i < 10_000; i++) {
                samples.add(10L * i + part); // each number below 100,000 once
            }
            all.add(samples);
        }
        assertThat(all.size()).isEqualTo(100_000);
        assertThat(all.tail()).containsExactly(50_000, 99_000, 99_900, 99_999);
        all.add(1L << 40);
        assertThat(all.percentile(1)).isEqualTo(Integer.MAX_VALUE);
        all.clear();
        assertThat(all.size()).isZero();
    }
}
