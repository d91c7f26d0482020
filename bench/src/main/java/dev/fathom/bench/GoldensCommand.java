package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Makes the files of test-data/goldens that PyTorch makes. */
@Command(
        name = "goldens",
        description = "Writes what PyTorch computes into test-data/goldens, where the tests compare with it.")
final class GoldensCommand implements Callable<Integer> {
    @Override
    public Integer call() throws IOException, InterruptedException {
        Path folder = Contender.BENCH.resolveSibling("test-data").resolve("goldens");
        return Contender.torch("goldens", 1)
                .process("dev.fathom.bench.torch.Goldens", List.of(), folder.toString())
                .inheritIO()
                .start()
                .waitFor();
    }
}
