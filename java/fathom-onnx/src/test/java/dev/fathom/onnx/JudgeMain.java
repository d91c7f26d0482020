package dev.fathom.onnx;
import java.nio.file.*;
import java.util.*;
public class JudgeMain {
  public static void main(String[] a) throws Exception {
    Path root = Path.of(a[0]); Path tmp = Files.createTempDirectory("j");
    List<Path> dirs; try (var s = Files.list(root)) { dirs = s.sorted().toList(); }
    int ok=0,n=0; Map<String,int[]> by=new TreeMap<>();
    for (Path d : dirs) { if (a.length>1 && !d.getFileName().toString().matches(a[1])) continue;
      NodeCase c = new NodeCase(d,tmp); String v; String ops="?";
      try { ops=c.about().operators(); v=c.verdict(); } catch (Throwable t) { v=t.toString(); }
      n++; if (v==null) ok++; else System.out.println(d.getFileName()+" ["+ops+"] "+(v.length()>230?v.substring(0,230):v));
      int[] x=by.computeIfAbsent(ops,k->new int[2]); x[1]++; if(v==null)x[0]++; }
    System.out.println(ok+" of "+n);
  }
}
