using System.Text.Json.Serialization;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>Serialisation of everything that is stored as JSON, in either store.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(ApiKeyDocument))]
[JsonSerializable(typeof(AuditDocument))]
[JsonSerializable(typeof(DeletionDocument))]
[JsonSerializable(typeof(LogEntryDocument))]
[JsonSerializable(typeof(OverrideDocument))]
[JsonSerializable(typeof(PolicyDocument))]
[JsonSerializable(typeof(TombstoneDocument))]
internal sealed partial class DocumentJson : JsonSerializerContext;
