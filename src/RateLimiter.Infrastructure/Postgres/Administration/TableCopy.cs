using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Administration;

/// <summary>Writes many rows with COPY, in its binary format.</summary>
internal static class TableCopy
{
    /// <param name="context">The database.</param>
    /// <param name="table">The table and its columns.</param>
    /// <param name="rows">The values of the columns.</param>
    /// <param name="deadline">The time for all rows.</param>
    public static async Task WriteAsync(
        SystemOfRecordContext context,
        string table,
        IEnumerable<object?[]> rows,
        Deadline deadline
    )
    {
        var connection = (NpgsqlConnection)context.Database.GetDbConnection();
        await using var writer = await connection.BeginBinaryImportAsync(
            $"COPY ratelimiter.{table} FROM STDIN (FORMAT BINARY)",
            deadline.Token
        );
        foreach (var row in rows)
        {
            await writer.StartRowAsync(deadline.Token);
            foreach (var value in row)
            {
                await (
                    value switch
                    {
                        null => writer.WriteNullAsync(deadline.Token),
                        long number => writer.WriteAsync(
                            number,
                            NpgsqlDbType.Bigint,
                            deadline.Token
                        ),
                        DateTimeOffset moment => writer.WriteAsync(
                            moment,
                            NpgsqlDbType.TimestampTz,
                            deadline.Token
                        ),
                        JsonText json => writer.WriteAsync(
                            json.Text,
                            NpgsqlDbType.Json,
                            deadline.Token
                        ),
                        _ => writer.WriteAsync((string)value, NpgsqlDbType.Text, deadline.Token),
                    }
                );
            }
        }

        await writer.CompleteAsync(deadline.Token);
    }

    /// <summary>A value of a column of JSON.</summary>
    public static object? Json(string? text) => text is null ? null : new JsonText(text);

    private sealed record JsonText(string Text);
}
