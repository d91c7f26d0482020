package dev.fathom.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes of native memory tensors, weights, data sets, plans, and sessions with their buffers may take
 * together: what {@code fathom.memory} says, else 80 % of what the container or the machine has. Without a limit the
 * system would end the whole process when its pages run out, and no exception would say why.
 */
final class MemoryLimit {
    private static final double DEFAULT_SHARE = 80;

    private MemoryLimit() {}

    /**
     * The limit that {@code setting} asks for where {@code available} bytes are there; null where it cannot be read.
     */
    static @Nullable Long parse(String setting, long available) {
        String s = setting.trim().toLowerCase(Locale.ROOT);
        Matcher share = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,9})?)%").matcher(s);
        if (share.matches()) {
            double percent = Double.parseDouble(share.group(1));
            return percent > 0 && percent <= 100 ? of(percent, available) : null;
        }
        Matcher size = Pattern.compile("(\\d{1,15})([kmgt]?)").matcher(s);
        if (!size.matches()) {
            return null;
        }
        int shift = 10 * " kmgt".indexOf(size.group(2).isEmpty() ? " " : size.group(2));
        long number = Long.parseLong(size.group(1));
        return number > 0 && number <= Long.MAX_VALUE >> shift ? number << shift : null;
    }

    /** The limit where nobody asks for another. */
    static long byDefault(long available) {
        return of(DEFAULT_SHARE, available);
    }

    private static long of(double percent, long available) {
        return available == Long.MAX_VALUE ? available : (long) (available / 100.0 * percent);
    }

    /**
     * The memory of the machine, or the least that a control group of this process (version 1 or 2) may use, if that is
     * less; {@link Long#MAX_VALUE} where the system does not say, as on macOS.
     *
     * @param root of the file system
     */
    static long available(Path root) {
        long least = Long.MAX_VALUE;
        for (String line : lines(root.resolve("proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                least = Math.min(
                        least, 1024 * number(line.substring(9).replace("kB", "").trim()));
            }
        }
        Path groups = root.resolve("sys/fs/cgroup");
        for (String line : lines(root.resolve("proc/self/cgroup"))) { // number:controllers:path
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                least = Math.min(least, ofGroup(groups, parts[2], "memory.max"));
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                least = Math.min(least, ofGroup(groups.resolve("memory"), parts[2], "memory.limit_in_bytes"));
            }
        }
        return least;
    }

    /** The least limit of a group and of those around it; a container may see only the outermost, as its own. */
    private static long ofGroup(Path mount, String group, String file) {
        long least = Long.MAX_VALUE;
        Path at = mount.resolve(group.substring(group.startsWith("/") ? 1 : 0)).normalize();
        for (; at != null && at.startsWith(mount); at = at.getParent()) {
            for (String line : lines(at.resolve(file))) {
                least = Math.min(least, number(line.trim())); // "max" is none
            }
        }
        return least;
    }

    private static long number(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    private static List<String> lines(Path file) {
        if (!Files.isRegularFile(file)) {
            return List.of();
        }
        // a channel, as Files opens, would load 40 classes more at every start
        try (InputStream in = new FileInputStream(file.toFile())) {
            return List.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n"));
        } catch (IOException | SecurityException e) {
            return List.of();
        }
    }
}
