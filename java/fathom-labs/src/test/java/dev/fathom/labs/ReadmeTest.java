package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README.md is true: its Java compiles and runs, the lines it quotes are in the files it names, its links lead somewhere. */
class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    /** A file name in backquotes, a colon or comma and the rest of its sentence, then a block of its lines. */
    private static final Pattern QUOTED = Pattern.compile(
            "`((?:native|java)/[^`]+\\.(?:def|java))`[^\n`]*:\n\n```(?:c|text)\n(.*?)```", Pattern.DOTALL);

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");
    /** Where a method body ends and declarations have begun: a record or class of its own, up to the brace that closes it. */
    private static final Pattern DECLARATION =
            Pattern.compile("(?ms)^(?:public )?(?:record|class|interface) .*?(?:^\\}|\\{\\})$");

    private static String text;

    @TempDir
    static Path temp;

    @BeforeAll
    static void read() throws IOException {
        text = Files.readString(ROOT.resolve("README.md"));
    }

    @Test
    void everySnippetCompilesAndRuns() throws Exception {
        List<String> snippets =
                JAVA.matcher(text).results().map(m -> m.group(1)).toList();
        assertThat(snippets).hasSizeGreaterThanOrEqualTo(4);
        StringBuilder source = new StringBuilder();
        for (String name : List.of("data", "explain", "nets", "nn", "optim", "plan", "tensor", "train", "view")) {
            source.append("import dev.fathom.").append(name).append(".*;\n");
        }
        source.append("import dev.fathom.nn.Module;\nimport java.nio.file.Path;\n\npublic class Readme {\n");
        List<String> methods = new ArrayList<>();
        for (String snippet : snippets) {
            Matcher declaration = DECLARATION.matcher(snippet);
            while (declaration.find()) {
                source.append("static ")
                        .append(declaration.group().replaceFirst("^public ", ""))
                        .append("\n");
            }
            String body = declaration.replaceAll("").strip();
            if (!body.isEmpty()) {
                methods.add("snippet" + methods.size());
                source.append("public static void ").append(methods.get(methods.size() - 1));
                source.append("() {\n").append(here(body)).append("\n}\n");
            }
        }
        Class<?> readme = compile(source.append("}\n").toString());
        assertThat(methods).hasSizeGreaterThanOrEqualTo(3);
        for (String name : methods) { // in their order: what the first one saves, a later one serves
            Method method = readme.getMethod(name);
            method.invoke(null);
        }
        assertThat(temp.resolve("net.safetensors")).isRegularFile();
    }

    /** The same code with this machine's folders and one epoch. */
    private static String here(String body) {
        return body.replace("Path.of(\"test-data", "Path.of(\"" + ROOT + "/test-data")
                .replace("Path.of(\"net.", "Path.of(\"" + temp + "/net.")
                .replace("Path.of(\"checkpoints", "Path.of(\"" + temp + "/checkpoints")
                .replace(", 30);", ", 1);");
    }

    private static Class<?> compile(String source) throws Exception {
        Path file = Files.writeString(temp.resolve("Readme.java"), source);
        var compiler = ToolProvider.getSystemJavaCompiler();
        var messages = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            boolean fine = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of(
                                    "-Xlint:all,-try,-processing,-path,-classfile",
                                    "-proc:none",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    "-d",
                                    temp.toString()),
                            null,
                            files.getJavaFileObjects(file))
                    .call();
            assertThat(fine).as(messages + source).isTrue();
        }
        assertThat(messages.toString()).as("warnings").isEmpty();
        var loader = new URLClassLoader(new URL[] {temp.toUri().toURL()}, ReadmeTest.class.getClassLoader());
        return loader.loadClass("Readme");
    }

    @Test
    void quotedLinesAreInTheFilesNamed() throws IOException {
        Matcher quoted = QUOTED.matcher(text);
        int lines = 0;
        while (quoted.find()) {
            String file = dense(Files.readString(ROOT.resolve(quoted.group(1))));
            for (String line : quoted.group(2).strip().split("\n")) {
                assertThat(file).as(quoted.group(1)).contains(dense(line));
                lines++;
            }
        }
        assertThat(lines).isEqualTo(4);
    }

    private static String dense(String source) {
        return source.replaceAll("\\s+", "");
    }

    @Test
    void linksAndFoldersExist() throws IOException {
        List<String> links = LINK.matcher(text).results().map(m -> m.group(1)).toList();
        assertThat(links)
                .isNotEmpty()
                .allSatisfy(link -> assertThat(ROOT.resolve(link)).exists());
        String tree = text.substring(text.indexOf("## The tree"), text.indexOf("## Licence"));
        try (Stream<String> lines = tree.lines()) {
            assertThat(lines.filter(l -> l.matches("^[a-z][^ ]* {2,}.*")).map(l -> l.split(" ")[0]))
                    .hasSizeGreaterThan(8)
                    .allSatisfy(path -> assertThat(ROOT.resolve(path)).exists());
        }
    }
}
