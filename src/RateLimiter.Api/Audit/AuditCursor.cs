using System.Buffers.Binary;
using System.Buffers.Text;
using System.ComponentModel.DataAnnotations;

namespace RateLimiter.Api.Audit;

/// <summary>Where a page of the audit trail begins, as a text that its callers need not understand.</summary>
internal static class AuditCursor
{
    // The greatest whole number that stores keep exactly.
    private const long MaxId = 1L << 53;

    public static string Write(long id)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, id);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Null when it is not what <see cref="Write"/> writes.</summary>
    public static long? Read(string cursor)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        if (
            !Base64Url.IsValid(cursor, out var length)
            || length != sizeof(long)
            || !Base64Url.TryDecodeFromChars(cursor, bytes, out _)
        )
        {
            return null;
        }

        var id = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return id is > 0 and <= MaxId && Write(id) == cursor ? id : null;
    }
}

/// <summary>A parameter of the query that holds a cursor, or nothing.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class AuditCursorAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(
        object? value,
        ValidationContext validationContext
    ) =>
        value is string cursor && AuditCursor.Read(cursor) is null
            ? new ValidationResult("must be a next_cursor that an answer gave")
            : ValidationResult.Success;
}
