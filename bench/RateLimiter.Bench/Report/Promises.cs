using System.Text.Json;

namespace RateLimiter.Bench.Report;

/// <summary>The measured values in the document, in machine-readable form: a goal's key and its value.</summary>
internal static class Promises
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public static SortedDictionary<string, double> Read() =>
        File.Exists(Repository.Promises)
            ? JsonSerializer.Deserialize<SortedDictionary<string, double>>(
                File.ReadAllText(Repository.Promises)
            )!
            : [];

    public static void Write(SortedDictionary<string, double> promises) =>
        File.WriteAllText(Repository.Promises, $"{JsonSerializer.Serialize(promises, Json)}\n");
}
