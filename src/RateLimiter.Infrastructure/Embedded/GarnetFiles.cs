using System.Globalization;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// What Garnet writes into the data directory: the segments of its log, and its snapshots. A name is a path in the
/// directory.
/// </summary>
/// <param name="directory">The data directory.</param>
internal sealed class GarnetFiles(string directory)
{
    private const string Log = "AOF";
    private const string LogPrefix = $"{Log}/aof.log.";
    private const string Snapshots = "Store/checkpoints/cpr-checkpoints";
    private const string Indexes = "Store/checkpoints/index-checkpoints";

    /// <summary>The name of a log segment.</summary>
    public static string LogName(long segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{LogPrefix}{segment}");

    /// <summary>The log segment that has a name.</summary>
    public static long SegmentOf(string name) =>
        long.Parse(name.AsSpan(LogPrefix.Length), CultureInfo.InvariantCulture);

    /// <summary>Whether a file is a segment of the log, and not of a snapshot.</summary>
    public static bool IsLog(string name) => name.StartsWith(LogPrefix, StringComparison.Ordinal);

    /// <summary>The path of a file.</summary>
    public string PathOf(string name) => Path.Combine(directory, name);

    /// <summary>The size of the log's files in bytes.</summary>
    public long LogSize() => Files(Log).Sum(file => new FileInfo(file).Length);

    /// <summary>The newest complete snapshot; null when there is none.</summary>
    public string? FindSnapshot() =>
        Folders(Snapshots)
            .Where(each => File.Exists(InfoOf(each)))
            .OrderByDescending(each => File.GetLastWriteTimeUtc(InfoOf(each)))
            .Select(Path.GetFileName)
            .FirstOrDefault();

    /// <summary>Deletes what interrupted or replaced snapshots have left behind.</summary>
    public void DeleteSnapshotsExcept(string snapshot)
    {
        foreach (var left in Folders(Snapshots).Concat(Folders(Indexes)))
        {
            if (Path.GetFileName(left) != snapshot)
            {
                Directory.Delete(left, recursive: true);
            }
        }
    }

    /// <summary>The names of a snapshot's files.</summary>
    public IEnumerable<string> NamesOf(string snapshot) =>
        Files($"{Snapshots}/{snapshot}")
            .Concat(Files($"{Indexes}/{snapshot}"))
            .Select(file => Path.GetRelativePath(directory, file).Replace('\\', '/'));

    private static string InfoOf(string snapshot) => Path.Combine(snapshot, "info.dat.0");

    private string[] Folders(string name) =>
        Directory.Exists(PathOf(name)) ? Directory.GetDirectories(PathOf(name)) : [];

    private string[] Files(string name) =>
        Directory.Exists(PathOf(name)) ? Directory.GetFiles(PathOf(name)) : [];
}
