package dev.fathom.view;

import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.Locale;

/**
 * A part of a plane and the frame of a picture in which it is drawn.
 *
 * @param left the least place to the right
 * @param right the greatest one
 * @param low the least height
 * @param high the greatest one
 * @param frame where it is drawn
 */
record Plane(double left, double right, double low, double high, Rectangle2D.Double frame) {
    /** How many sizes of its frame a place may lie outside of it; a longer line would only take time to draw. */
    private static final double FAR = 100;

    Plane {
        if (!(left < right && low < high && Double.isFinite(right - left) && Double.isFinite(high - low))) {
            throw new IllegalArgumentException("plane: from " + left + " to " + right + " and from " + low + " to "
                    + high + " is no part of a plane; give finite ends, the lower one first");
        }
    }

    /** This part of the plane, drawn in another frame. */
    Plane in(double x, double y, double width, double height) {
        return new Plane(left, right, low, high, new Rectangle2D.Double(x, y, width, height));
    }

    double x(double value) {
        return frame.x + (value - left) / (right - left) * frame.width;
    }

    double y(double value) {
        return frame.y + (high - value) / (high - low) * frame.height;
    }

    /** Whether a place is a number, and so near that it is drawn. */
    boolean isNear(double x, double y) {
        return Math.abs(x(x)) < FAR * frame.width && Math.abs(y(y)) < FAR * frame.height;
    }

    /** A line through the first {@code n} places; one that is not near leaves a gap. */
    Path2D path(double[] x, double[] y, int n) {
        Path2D path = new Path2D.Double();
        boolean begun = false;
        for (int i = 0; i < n; i++) {
            boolean near = isNear(x[i], y[i]);
            if (near && begun) {
                path.lineTo(x(x[i]), y(y[i]));
            } else if (near) {
                path.moveTo(x(x[i]), y(y[i]));
            }
            begun = near;
        }
        return path;
    }

    /** Round numbers within two ends, about {@code parts} steps apart: 1, 2 or 5 times a power of ten. */
    static double[] ticks(double from, double to, int parts) {
        double raw = (to - from) / parts;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
        double first = Math.ceil(from / step - 1e-9);
        double[] ticks = new double[(int) (Math.floor(to / step + 1e-9) - first) + 1];
        Arrays.setAll(ticks, i -> (first + i) * step);
        return ticks;
    }

    /** A tick as a number with as many decimals as tell it from its neighbors. */
    static String label(double tick, double... ticks) {
        double step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
        int decimals = (int) Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
        return String.format(Locale.ROOT, "%." + decimals + "f", tick == 0 ? 0.0 : tick);
    }
}
