package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class MachineTest {
    private static Machine machine(String processor, String isa, Machine.Rates... limits) {
        return new Machine(processor, 2, "Linux 6", "17", isa, List.of(limits));
    }

    @Test
    void theFirstProcessorIsNamed() {
        List<String> epyc = List.of(
                "processor\t: 0",
                "vendor_id\t: AuthenticAMD",
                "cpu family\t: 26",
                "model\t\t: 2",
                "model name\t: AMD EPYC",
                "",
                "processor\t: 1",
                "cpu family\t: 27",
                "model name\t: another");
        assertThat(Machine.processor(epyc, "amd64")).isEqualTo("AMD EPYC (family 26 model 2)");
    }

    @Test
    void anArmProcessorHasNumbersOnly() {
        List<String> graviton = List.of("processor\t: 0", "CPU implementer\t: 0x41", "CPU part\t: 0xd40");
        assertThat(Machine.processor(graviton, "aarch64")).isEqualTo("aarch64 (implementer 0x41 part 0xd40)");
        assertThat(Machine.processor(List.of(), "aarch64")).isEqualTo("aarch64");
    }

    @Test
    void namesOfFilesAreSafeAndOfTheKind() {
        assertThat(machine("AMD EPYC (family 26 model 2)", "v4").slug()).isEqualTo("amd-epyc-family-26-model-2-v4");
        assertThat(machine("Intel(R) Xeon(R) Platinum 8488C (family 6 model 143)", "v4")
                        .slug())
                .isEqualTo("intel-xeon-platinum-8488c-family-6-model-143-v4");
        assertThat(machine("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz (family 6 model 158)", "v3")
                        .slug())
                .isEqualTo("intel-core-i7-8700-family-6-model-158-v3");
        assertThat(machine("../x/:*?", "baseline").slug()).isEqualTo("x-baseline");
    }

    @Test
    void limitsThatWereNotMeasuredAreLeftOut() {
        Machine.Rates fma = new Machine.Rates("fma", 0, List.of(247.4, 494.1));
        assertThat(machine("x", "v4", fma).about()).isEqualTo("Machine, 1 and 2 threads: 247 and 494 GFLOP/s");
        Machine.Rates dram = new Machine.Rates("triad", 16_000_000, List.of(57.6, 59.3));
        assertThat(machine("x", "v4", dram, fma).about())
                .isEqualTo("Machine, 1 and 2 threads: 247 and 494 GFLOP/s; 58 and 59 GB/s at 192 MB");
    }

    @Test
    void aRunIsHeldToWhatIsThereAndItsPeersAreToo() throws IOException {
        assertThat(Machine.held()).isNull();
        assertThatThrownBy(() -> Machine.hold("baseline"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("--isa baseline cannot be measured here; what can be is [");
        assertThat(Contender.held(null)).isEmpty();
        assertThat(Contender.held("v4")).isEmpty();
        assertThat(Contender.held("v3"))
                .containsEntry("ATEN_CPU_CAPABILITY", "avx2")
                .containsEntry("ONEDNN_MAX_CPU_ISA", "AVX2")
                .containsKey("OPENBLAS_CORETYPE");
    }

    /** ONNX Runtime and TensorFlow Lite choose by the processor alone. */
    @Test
    void peersThatCannotBeHeldAreLeftOut() {
        Predicate<Row.Entrant> stays = rival -> rival.contender().home().canBeHeld();
        List<Row> gone = new ArrayList<>();
        List<Row> smaller = new ArrayList<>();
        for (Row row : Row.all()) {
            Row held = row.held();
            if (held == null) {
                gone.add(row);
                assertThat(row.rivals()).isNotEmpty().noneMatch(stays);
            } else {
                assertThat(held.rivals())
                        .isEqualTo(row.rivals().stream().filter(stays).toList());
                assertThat(held.ours()).isEqualTo(row.ours());
                if (held.rivals().size() < row.rivals().size()) {
                    smaller.add(row);
                }
            }
        }
        assertThat(gone).extracting(Row::name).contains("mlp-latency-b1", "bert-infer-b1");
        assertThat(smaller).isNotEmpty();
    }
}
