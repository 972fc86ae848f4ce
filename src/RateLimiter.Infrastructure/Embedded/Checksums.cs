using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// A record of what the store's files must contain, in a file beside them. Garnet keeps no checksums of its own: it
/// reads a damaged file as far as it can parse it and silently drops the rest. So everything that it has written
/// durably is hashed here, and compared before it is read again.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Checksums
{
    /// <summary>The size of a log segment: 16 MB (2^24 bytes). Garnet is configured with the same value.</summary>
    public const int SegmentBits = 24;

    /// <summary>
    /// The most that a crash of the machine may remove from the end of the log. If more is missing, something else
    /// removed it.
    /// </summary>
    public const int MaxTorn = 64 * 1024;

    /// <summary>The address where the log begins; the bytes before it are zeros.</summary>
    private const long FirstAddress = 64;

    private const string FileName = "checksums";
    private const string Title = "ratelimiter checksums 1";
    private const string Compacting = "compacting";
    private const string LogPrefix = "AOF/aof.log.";
    private const string Snapshots = "Store/checkpoints/cpr-checkpoints";
    private const string Indexes = "Store/checkpoints/index-checkpoints";

    private readonly string directory;

    // Checksums of the files that do not change any more, by their path in the directory.
    private readonly SortedDictionary<string, Sum> sums = new(StringComparer.Ordinal);

    // The hash of the log's newest segment, which is append-only.
    private IncrementalHash newest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    // In a directory without a checksum file, every file counts as new.
    private bool compacting = true;

    private Checksums(string directory) => this.directory = directory;

    /// <summary>
    /// The log address up to which checksums were recorded: the log must be readable at least this far.
    /// </summary>
    public long Recorded { get; private set; }

    /// <summary>Whether a few bytes are missing at the log's end, as after a crash of the machine.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>The log address up to which the log is hashed.</summary>
    private long End { get; set; }

    private string NewestName => LogName(End >> SegmentBits);

    private int NewestLength => (int)(End & ((1 << SegmentBits) - 1));

    /// <summary>Compares the files with their recorded checksums. A directory without a checksum file passes.</summary>
    /// <exception cref="EmbeddedStoreException">A file is damaged or missing.</exception>
    public static Checksums Verify(string directory)
    {
        var checksums = new Checksums(directory);
        checksums.MustBeReadable();
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path))
        {
            checksums.Read(File.ReadAllText(path));
        }

        return checksums;
    }

    /// <summary>Hashes what was appended to the log.</summary>
    /// <param name="begin">The log address at which the log begins: truncated segments need no checksum.</param>
    /// <param name="end">The log address up to which the log is written and immutable.</param>
    public void Append(long begin, long end)
    {
        if (begin >> SegmentBits > End >> SegmentBits)
        {
            StartAt(begin >> SegmentBits << SegmentBits);
        }

        if (end <= Math.Max(End, FirstAddress))
        {
            return;
        }

        while (End < end)
        {
            var name = NewestName;
            var from = NewestLength;
            var to = (int)Math.Min(end - (End - from), 1 << SegmentBits);
            if (Feed(name, from, to) != to)
            {
                throw new IOException($"'{PathOf(name)}' ends before it should");
            }

            End += to - from;
            if (to == 1 << SegmentBits)
            {
                sums[name] = new Sum(to, Convert.ToHexString(newest.GetHashAndReset()));
            }
        }

        Write();
    }

    /// <summary>
    /// Records that files are about to be replaced: until the compaction ends, a missing file is no error.
    /// </summary>
    public void BeginCompaction()
    {
        compacting = true;
        Write();
    }

    /// <summary>Removes the replaced files from the record, and adds the files that replaced them.</summary>
    /// <param name="begin">The log address at which the log begins now.</param>
    public void EndCompaction(long begin)
    {
        foreach (var name in sums.Keys.Where(name => !IsLogFrom(name, begin)).ToList())
        {
            sums.Remove(name);
        }

        if (NewestOf(Snapshots) is { } snapshot)
        {
            // Leftovers of interrupted or replaced snapshots.
            foreach (var left in Folders(Snapshots).Concat(Folders(Indexes)))
            {
                if (Path.GetFileName(left) != snapshot)
                {
                    Directory.Delete(left, recursive: true);
                }
            }

            foreach (
                var file in Files($"{Snapshots}/{snapshot}").Concat(Files($"{Indexes}/{snapshot}"))
            )
            {
                using var stream = File.OpenRead(file);
                sums[Path.GetRelativePath(directory, file).Replace('\\', '/')] = new Sum(
                    stream.Length,
                    Convert.ToHexString(SHA256.HashData(stream))
                );
            }
        }

        compacting = false;
        Write();
    }

    /// <summary>Continues after Garnet has recovered from the verified files.</summary>
    /// <param name="begin">The log address at which the log begins.</param>
    /// <param name="end">The log address up to which the log is written and immutable.</param>
    /// <exception cref="EmbeddedStoreException">The log lacks what was read.</exception>
    public void Resume(long begin, long end)
    {
        if (IsTorn)
        {
            StartAt(End - NewestLength);
        }

        try
        {
            Append(begin, end);
        }
        catch (IOException exception) when (IsTorn)
        {
            // Garnet has read the missing bytes as zeros.
            throw EmbeddedStoreException.Damaged(directory, exception.Message, exception);
        }

        if (compacting)
        {
            EndCompaction(begin);
        }
    }

    /// <summary>The size of the log's files in bytes.</summary>
    public long LogSize() => Files("AOF").Sum(file => new FileInfo(file).Length);

    private void StartAt(long end)
    {
        newest.Dispose();
        newest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        End = end;
    }

    private static string LogName(long segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{LogPrefix}{segment}");

    private static bool IsLogFrom(string name, long begin) =>
        name.StartsWith(LogPrefix, StringComparison.Ordinal)
        && long.Parse(name.AsSpan(LogPrefix.Length), CultureInfo.InvariantCulture)
            >= begin >> SegmentBits;

    /// <summary>
    /// Writes the lines: a title; <c>compacting</c> during a compaction; a hash, a length and a name for each file, the
    /// log's newest segment last; the hash of all these lines.
    /// </summary>
    private void Write()
    {
        var text = new StringBuilder(Title).Append('\n');
        if (compacting)
        {
            text.Append(Compacting).Append('\n');
        }

        foreach (var (name, sum) in sums)
        {
            AppendLine(name, sum);
        }

        AppendLine(NewestName, new Sum(NewestLength, Convert.ToHexString(newest.GetCurrentHash())));
        text.Append(HashOf(text.ToString())).Append('\n');

        // The old checksum file stays in place until the new one is complete.
        var path = Path.Combine(directory, FileName);
        var written = path + ".new";
        using (
            var file = new FileStream(
                written,
                FileMode.Create,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 0,
                FileOptions.WriteThrough
            )
        )
        {
            file.Write(Encoding.UTF8.GetBytes(text.ToString()));
        }

        File.Move(written, path, overwrite: true);

        void AppendLine(string name, Sum sum) =>
            text.Append(CultureInfo.InvariantCulture, $"{sum.Hash} {sum.Length} {name}\n");
    }

    private void Read(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (
            lines.Length < 3
            || lines[0] != Title
            || HashOf(string.Join('\n', lines[..^1]) + "\n") != lines[^1]
        )
        {
            throw Damaged(FileName, "is damaged");
        }

        compacting = lines[1] == Compacting;
        var files = lines[(compacting ? 2 : 1)..^1].Select(line => line.Split(' ', 3)).ToList();
        foreach (var file in files[..^1])
        {
            sums[file[2]] = new Sum(Length(file), file[0]);
        }

        foreach (var (name, sum) in sums)
        {
            Verify(name, sum);
        }

        VerifyNewest(files[^1][2], new Sum(Length(files[^1]), files[^1][0]));

        static int Length(string[] file) => int.Parse(file[1], CultureInfo.InvariantCulture);
    }

    private void Verify(string name, Sum sum)
    {
        var file = new FileInfo(PathOf(name));
        if (!file.Exists)
        {
            MayBeMissing(name);
            return;
        }

        using var stream = file.OpenRead();
        if (stream.Length != sum.Length || Convert.ToHexString(SHA256.HashData(stream)) != sum.Hash)
        {
            throw Damaged(name, "is damaged");
        }
    }

    private void VerifyNewest(string name, Sum sum)
    {
        End =
            (long.Parse(name.AsSpan(LogPrefix.Length), CultureInfo.InvariantCulture) << SegmentBits)
            + sum.Length;
        Recorded = End;
        var missing = sum.Length - Feed(name, 0, (int)sum.Length);
        if (missing == 0)
        {
            if (Convert.ToHexString(newest.GetCurrentHash()) != sum.Hash)
            {
                throw Damaged(name, "is damaged");
            }
        }
        else if (!File.Exists(PathOf(name)))
        {
            MayBeMissing(name);
        }
        else if (missing > MaxTorn)
        {
            throw Damaged(name, $"lacks its last {missing} bytes");
        }
        else
        {
            IsTorn = true;
        }
    }

    private void MayBeMissing(string name)
    {
        if (!compacting)
        {
            throw Damaged(name, "is missing");
        }
    }

    // The first versions kept everything in one file, of which Garnet would now read only the beginning.
    private void MustBeReadable()
    {
        var log = new FileInfo(PathOf(LogName(0)));
        if (log.Exists && log.Length > 1 << SegmentBits)
        {
            throw Damaged(LogName(0), "is of an earlier version");
        }
    }

    /// <summary>Adds a range of a log segment to its hash.</summary>
    /// <returns>The end of the range, or the end of the file if that comes first.</returns>
    private int Feed(string name, int from, int to)
    {
        if (!File.Exists(PathOf(name)))
        {
            return from;
        }

        using var file = File.OpenHandle(
            PathOf(name),
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        var buffer = new byte[Math.Min(to - from, 256 * 1024)];
        while (from < to)
        {
            var read = RandomAccess.Read(
                file,
                buffer.AsSpan(0, Math.Min(buffer.Length, to - from)),
                from
            );
            if (read == 0)
            {
                break;
            }

            newest.AppendData(buffer, 0, read);
            from += read;
        }

        return from;
    }

    private string? NewestOf(string folder) =>
        Folders(folder)
            .Where(each => File.Exists(Path.Combine(each, "info.dat.0")))
            .OrderByDescending(each => File.GetLastWriteTimeUtc(Path.Combine(each, "info.dat.0")))
            .Select(Path.GetFileName)
            .FirstOrDefault();

    private string[] Folders(string name) =>
        Directory.Exists(PathOf(name)) ? Directory.GetDirectories(PathOf(name)) : [];

    private string[] Files(string name) =>
        Directory.Exists(PathOf(name)) ? Directory.GetFiles(PathOf(name)) : [];

    private string PathOf(string name) => Path.Combine(directory, name);

    private EmbeddedStoreException Damaged(string name, string how) =>
        EmbeddedStoreException.Damaged(directory, $"'{name}' {how}");

    private static string HashOf(string text) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private readonly record struct Sum(long Length, string Hash);
}
