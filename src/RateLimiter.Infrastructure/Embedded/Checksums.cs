using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// A record of what the store's files must hold, in a file beside them. Garnet keeps no checksums of its own: of a
/// damaged file it reads as far as it understands, and leaves out the rest without a word. So what it has written for
/// good is summed up here, and compared before it is read again.
/// </summary>
/// <remarks>Not for use by several threads at once.</remarks>
internal sealed class Checksums
{
    /// <summary>The length of a file of the log: 16 MB. Garnet is told the same.</summary>
    public const int SegmentBits = 24;

    /// <summary>A crash of the machine may take so much of the end of the log. More was taken by somebody.</summary>
    public const int MaxTorn = 64 * 1024;

    /// <summary>Where the log begins; before it are zeros.</summary>
    private const long FirstAddress = 64;

    private const string FileName = "checksums";
    private const string Title = "ratelimiter checksums 1";
    private const string Compacting = "compacting";
    private const string LogPrefix = "AOF/aof.log.";
    private const string Snapshots = "Store/checkpoints/cpr-checkpoints";
    private const string Indexes = "Store/checkpoints/index-checkpoints";

    private readonly string directory;

    // Of files that do not change any more, by their path in the directory.
    private readonly SortedDictionary<string, Sum> sums = new(StringComparer.Ordinal);

    // Of the log's newest file, to which only is appended.
    private IncrementalHash newest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    // Of a directory without a record, everything is new.
    private bool compacting = true;

    private Checksums(string directory) => this.directory = directory;

    /// <summary>The log's address up to which something was recorded: so far it must be read.</summary>
    public long Recorded { get; private set; }

    /// <summary>Whether a little is missing at the log's end, as after a crash of the machine.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>The log's address up to which it is summed up.</summary>
    private long End { get; set; }

    private string NewestName => LogName(End >> SegmentBits);

    private int NewestLength => (int)(End & ((1 << SegmentBits) - 1));

    /// <summary>Compares the files with what is recorded of them. A directory without a record passes.</summary>
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

    /// <summary>Takes in what was appended to the log.</summary>
    /// <param name="begin">The log's address at which it begins: what it gave up needs no sum.</param>
    /// <param name="end">The log's address up to which it is written and never changes.</param>
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

    /// <summary>Notes that files are about to be replaced: until it is over, a missing one is no fault.</summary>
    public void BeginCompaction()
    {
        compacting = true;
        Write();
    }

    /// <summary>Forgets the files that were replaced, and takes in those which took their place.</summary>
    /// <param name="begin">The log's address at which it begins now.</param>
    public void EndCompaction(long begin)
    {
        foreach (var name in sums.Keys.Where(name => !IsLogFrom(name, begin)).ToList())
        {
            sums.Remove(name);
        }

        if (NewestOf(Snapshots) is { } snapshot)
        {
            // What an interrupted or a replaced one left.
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

    /// <summary>Goes on with what was read.</summary>
    /// <param name="begin">The log's address at which it begins.</param>
    /// <param name="end">The log's address up to which it is written and never changes.</param>
    /// <exception cref="EmbeddedStoreException">The log does not have what was read.</exception>
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
            // Garnet has taken what is missing for zeros.
            throw EmbeddedStoreException.Damaged(directory, exception.Message, exception);
        }

        if (compacting)
        {
            EndCompaction(begin);
        }
    }

    /// <summary>The bytes that the log takes.</summary>
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
    /// The lines: a title; <c>compacting</c>, while it is; a sum, a length and a name for each file, the log's newest
    /// one last; the sum of all these lines.
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

        // The old record stands until the new one is whole.
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

    // The first versions kept all in one file, of which Garnet would now read the beginning alone.
    private void MustBeReadable()
    {
        var log = new FileInfo(PathOf(LogName(0)));
        if (log.Exists && log.Length > 1 << SegmentBits)
        {
            throw Damaged(LogName(0), "is of an earlier version");
        }
    }

    /// <summary>Adds a part of a file of the log to its sum.</summary>
    /// <returns>Where the file ended, if before the part did.</returns>
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
