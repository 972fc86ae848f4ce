using System.Security.Cryptography;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// The hash of the log up to an address: the newest segment is append-only, the segments before it do not change any
/// more.
/// </summary>
/// <param name="files">The segments.</param>
/// <remarks>Not thread-safe.</remarks>
internal sealed class LogHash(GarnetFiles files)
{
    /// <summary>The size of a log segment: 16 MB (2^24 bytes). Garnet is configured with the same value.</summary>
    public const int SegmentBits = 24;

    /// <summary>The size of a log segment in bytes.</summary>
    public const int SegmentSize = 1 << SegmentBits;

    /// <summary>The address where the log begins; the bytes before it are zeros.</summary>
    private const long FirstAddress = 64;

    private IncrementalHash newest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The log address up to which the log is hashed.</summary>
    public long End { get; private set; }

    /// <summary>The newest segment, and its checksum as far as it is hashed.</summary>
    public KeyValuePair<string, Checksum> Newest =>
        new(NewestName, new Checksum(NewestLength, Convert.ToHexString(newest.GetCurrentHash())));

    private string NewestName => GarnetFiles.LogName(End >> SegmentBits);

    private int NewestLength => (int)(End & (SegmentSize - 1));

    /// <summary>Hashes what was appended to the log.</summary>
    /// <param name="begin">The log address at which the log begins: truncated segments need no checksum.</param>
    /// <param name="end">The log address up to which the log is written and immutable.</param>
    /// <param name="finish">Receives the name and the checksum of each segment that is complete.</param>
    /// <returns>Whether there was anything to hash.</returns>
    /// <exception cref="IOException">A segment lacks its end.</exception>
    public bool Append(long begin, long end, Action<string, Checksum> finish)
    {
        if (begin >> SegmentBits > End >> SegmentBits)
        {
            StartAt(begin >> SegmentBits << SegmentBits);
        }

        if (end <= Math.Max(End, FirstAddress))
        {
            return false;
        }

        while (End < end)
        {
            var name = NewestName;
            var from = NewestLength;
            var to = (int)Math.Min(end - (End - from), SegmentSize);
            if (Feed(name, from, to) != to)
            {
                throw new IOException($"'{files.PathOf(name)}' ends before it should");
            }

            End += to - from;
            if (to == SegmentSize)
            {
                finish(name, new Checksum(to, Convert.ToHexString(newest.GetHashAndReset())));
            }
        }

        return true;
    }

    /// <summary>Continues with the newest segment as far as it was hashed before.</summary>
    /// <param name="name">The name of the newest segment.</param>
    /// <param name="length">How much of it was hashed.</param>
    /// <returns>The number of bytes that are missing at its end now.</returns>
    public int Restore(string name, int length)
    {
        End = (GarnetFiles.SegmentOf(name) << SegmentBits) + length;
        return length - Feed(name, 0, length);
    }

    /// <summary>Hashes the newest segment again, from its beginning.</summary>
    public void RestartNewest() => StartAt(End - NewestLength);

    private void StartAt(long end)
    {
        newest.Dispose();
        newest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        End = end;
    }

    /// <summary>Adds a range of a log segment to its hash.</summary>
    /// <returns>The end of the range, or the end of the file if that comes first.</returns>
    private int Feed(string name, int from, int to)
    {
        if (!File.Exists(files.PathOf(name)))
        {
            return from;
        }

        using var file = File.OpenHandle(
            files.PathOf(name),
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
}
