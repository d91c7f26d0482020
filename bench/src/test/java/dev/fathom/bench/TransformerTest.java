package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

class TransformerTest {
    @Test
    void operationsOfALayerAndOfATrainingStep() {
        Transformer t = Transformer.of("encoder");
        double tokens = 8 * 256;
        double matrices = 3 * 256 * 256 + 256 * 256 + 2 * 256 * 1024;
        double attention = 256 * 256; // of a token: 256 keys, 256 numbers
        assertThat(t.flops()).isEqualTo(2 * tokens * 4 * (matrices + 2 * attention));
        assertThat(t.trainingFlops()).isEqualTo(2 * tokens * (4 * (3 * matrices + 7 * attention) - 3 * 256 * 256));
    }

    @Test
    void aGptReadsItsMatricesForEachTokenAndWhatItCached() throws IOException {
        Transformer t = Transformer.of("gpt");
        double matrices = 6 * (4 * 384 * 384 + 2 * 384 * 1536) + 65 * 384;
        double caches = 0;
        for (int token = 1; token <= 256; token++) {
            caches += 6 * 2 * 384 * token;
        }
        assertThat(t.weights()).isEqualTo((long) matrices);
        assertThat(t.generatedBytes(4)).isEqualTo(4 * (256 * matrices + caches));
        assertThat(t.generatedBytes(2)).isEqualTo(2 * 256 * matrices + 4 * caches);
        assertThat(Files.readString(Contender.BENCH.resolve("native/peak.c")))
                .contains("measure(READ, " + t.weights() + ", threads);");
    }

    @Test
    void theFirstOfTheLikeliestIsWritten() {
        assertThat(Transformer.likeliest(new float[] {-3, 2, 5, 5, 1})).isEqualTo(2);
    }

    /** One query sees one key: its value is the result, and no score matters. */
    @Test
    void attentionIsHeldToDoublePrecision() {
        Heads one = new Heads(1);
        float[] zeros = new float[Heads.COUNT * Heads.D];
        one.check(one.v(), zeros, zeros, one.dy());
        assertThat(Work.told()).hasSize(9);
        assertThatThrownBy(() -> one.check(zeros, zeros, zeros, zeros)).hasMessageStartingWith("y of query 0: 0.0");
        assertThatThrownBy(() -> one.check(one.v(), one.q(), zeros, zeros)).hasMessageStartingWith("dq of query 0: ");
        assertThat(new Heads(128).flops()).isEqualTo(14.0 * 128 * 128 * 512);
    }
}
