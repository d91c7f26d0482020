package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;

/**
 * What a user downloads with {@code dev.fathom:fathom} for one platform: three libraries, 5 MB, and about what is said.
 */
class ClosureTest {
    private static final Pattern SAID = Pattern.compile("all that they need are ([0-9.]+) MB");

    @Test
    void threeLibrariesInAtMost5Megabytes() throws Exception {
        String classPath = Files.readString(Path.of("target", "classpath")).trim();
        Set<String> libraries = new TreeSet<>();
        long bytes = 0;
        for (String entry : classPath.split(System.getProperty("path.separator"))) {
            Path jar = Path.of(entry);
            // .../artifact/version/artifact-version.jar
            libraries.add(jar.getParent().getParent().getFileName().toString());
            bytes += Files.size(jar);
        }
        // our own classes and natives, as a jar packs them
        try (Stream<Path> own = Files.walk(Path.of("target", "classes"))) {
            for (Path file : own.filter(Files::isRegularFile).toList()) {
                bytes += packed(file);
            }
        }
        System.out.printf("closure of %s: %.1f MB, with %s%n", NativeLoader.platform(), bytes / 1e6, libraries);
        assertThat(libraries).containsExactly("fastcsv", "gson", "slf4j-api");
        assertThat(bytes).isLessThanOrEqualTo(5_000_000);
        Matcher said = SAID.matcher(Files.readString(Path.of("..", "..", "README.md")));
        assertThat(said.find()).isTrue();
        assertThat(Double.parseDouble(said.group(1))).isCloseTo(bytes / 1e6, within(0.3));
    }

    private static long packed(Path file) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var deflated = new DeflaterOutputStream(bytes)) {
            Files.copy(file, deflated);
        }
        return bytes.size();
    }
}
