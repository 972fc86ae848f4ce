using System.Buffers.Binary;
using System.Buffers.Text;
using System.ComponentModel.DataAnnotations;

namespace RateLimiter.Api.Audit;

/// <summary>The start of a page of the audit trail, as an opaque string.</summary>
internal static class AuditCursor
{
    // The greatest integer that stores represent exactly.
    private const long MaxId = 1L << 53;

    public static string Write(long id)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, id);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The id; null for anything that <see cref="Write"/> does not write.</summary>
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

/// <summary>An optional query parameter that holds a cursor.</summary>
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
