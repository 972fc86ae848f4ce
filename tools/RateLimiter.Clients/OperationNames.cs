using NSwag;
using NSwag.CodeGeneration.OperationNameGenerators;

namespace RateLimiter.Clients;

/// <summary>One client with a method for each operation: Usage_Get is GetUsage.</summary>
internal sealed class OperationNames : IOperationNameGenerator
{
    /// <summary>Operations for which swapping the parts does not give the expected name.</summary>
    private static readonly Dictionary<string, string> Names = new()
    {
        ["Analytics_ListBuckets"] = "GetAnalyticsTimeSeries",
        ["Analytics_ListTop"] = "GetAnalyticsTop",
        ["Analytics_Summarize"] = "GetAnalyticsSummary",
        ["Keys_Create"] = "CreateKey",
        ["Keys_Delete"] = "DeleteKey",
        ["Keys_Rotate"] = "RotateKey",
        ["Logs_Latest"] = "GetLatestLogs",
        ["Policy_List"] = "ListPolicies",
        ["PolicyDocument_Export"] = "ExportPolicies",
        ["PolicyDocument_Import"] = "ImportPolicies",
        ["PolicyVersions_History"] = "GetPolicyHistory",
        ["PolicyVersions_RollBack"] = "RollBackPolicy",
        ["Reservations_Commit"] = "CommitReservation",
        ["Reservations_CommitEach"] = "CommitReservations",
        ["Reservations_Extend"] = "ExtendReservation",
        ["Reservations_ExtendEach"] = "ExtendReservations",
        ["Reservations_Release"] = "ReleaseReservation",
        ["Reservations_Reserve"] = "Reserve",
    };

    public bool SupportsMultipleClients => false;

    public string GetClientName(
        OpenApiDocument document,
        string path,
        string httpMethod,
        OpenApiOperation operation
    ) => "";

    public string GetOperationName(
        OpenApiDocument document,
        string path,
        string httpMethod,
        OpenApiOperation operation
    ) => Of(operation);

    public static string Of(OpenApiOperation operation) =>
        Names.TryGetValue(operation.OperationId, out var name)
            ? name
            : operation.OperationId.Split('_') switch
            {
                [var noun, var verb] when !verb.Contains(noun, StringComparison.Ordinal) => verb
                    + noun,
                [.., var last] => last,
                _ => throw new InvalidDataException("An operation has no id."),
            };
}
