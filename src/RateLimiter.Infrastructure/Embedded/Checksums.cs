namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// A record of what the store's files must contain, in a file beside them (<see cref="ChecksumFile"/>). Garnet keeps no
/// checksums of its own: it reads a damaged file as far as it can parse it and silently drops the rest. So everything
/// that it has written durably is hashed here, and compared before it is read again.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Checksums
{
    /// <summary>
    /// The most that a crash of the machine may remove from the end of the log. If more is missing, something else
    /// removed it.
    /// </summary>
    public const int MaxTorn = 64 * 1024;

    private readonly string directory;
    private readonly GarnetFiles files;
    private readonly LogHash log;

    // Of the files that do not change any more, by their name.
    private readonly SortedDictionary<string, Checksum> sums = new(StringComparer.Ordinal);

    // In a directory without a checksum file, every file counts as new.
    private bool compacting = true;

    private Checksums(string directory)
    {
        this.directory = directory;
        files = new GarnetFiles(directory);
        log = new LogHash(files);
    }

    /// <summary>
    /// The log address up to which checksums were recorded: the log must be readable at least this far.
    /// </summary>
    public long Recorded { get; private set; }

    /// <summary>Whether a few bytes are missing at the log's end, as after a crash of the machine.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Compares the files with their recorded checksums. A directory without a checksum file passes.</summary>
    /// <exception cref="EmbeddedStoreException">A file is damaged or missing.</exception>
    public static Checksums Verify(string directory)
    {
        var checksums = new Checksums(directory);
        checksums.MustBeReadable();
        var path = checksums.files.PathOf(ChecksumFile.Name);
        if (File.Exists(path))
        {
            checksums.Verify(
                ChecksumFile.Parse(File.ReadAllText(path))
                    ?? throw checksums.Damaged(ChecksumFile.Name, "is damaged")
            );
        }

        return checksums;
    }

    /// <summary>Hashes what was appended to the log.</summary>
    /// <param name="begin">The log address at which the log begins: truncated segments need no checksum.</param>
    /// <param name="end">The log address up to which the log is written and immutable.</param>
    public void Append(long begin, long end)
    {
        if (log.Append(begin, end, (name, sum) => sums[name] = sum))
        {
            Write();
        }
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

        if (files.FindSnapshot() is { } snapshot)
        {
            files.DeleteSnapshotsExcept(snapshot);
            foreach (var name in files.NamesOf(snapshot))
            {
                sums[name] = Checksum.Of(files.PathOf(name));
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
            log.RestartNewest();
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
    public long LogSize() => files.LogSize();

    private static bool IsLogFrom(string name, long begin) =>
        GarnetFiles.IsLog(name) && GarnetFiles.SegmentOf(name) >= begin >> LogHash.SegmentBits;

    private void Write() =>
        new ChecksumFile(compacting, [.. sums, log.Newest]).Write(files.PathOf(ChecksumFile.Name));

    private void Verify(ChecksumFile recorded)
    {
        compacting = recorded.IsCompacting;
        foreach (var (name, sum) in recorded.Sums.SkipLast(1))
        {
            sums[name] = sum;
            Verify(name, sum);
        }

        VerifyNewest(recorded.Sums[^1].Key, recorded.Sums[^1].Value);
    }

    private void Verify(string name, Checksum sum)
    {
        var path = files.PathOf(name);
        if (!File.Exists(path))
        {
            MayBeMissing(name);
        }
        else if (Checksum.Of(path) != sum)
        {
            throw Damaged(name, "is damaged");
        }
    }

    private void VerifyNewest(string name, Checksum sum)
    {
        var missing = log.Restore(name, (int)sum.Length);
        Recorded = log.End;
        if (missing == 0)
        {
            if (log.Newest.Value.Hash != sum.Hash)
            {
                throw Damaged(name, "is damaged");
            }
        }
        else if (!File.Exists(files.PathOf(name)))
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
        var name = GarnetFiles.LogName(0);
        var first = new FileInfo(files.PathOf(name));
        if (first.Exists && first.Length > LogHash.SegmentSize)
        {
            throw Damaged(name, "is of an earlier version");
        }
    }

    private EmbeddedStoreException Damaged(string name, string how) =>
        EmbeddedStoreException.Damaged(directory, $"'{name}' {how}");
}
