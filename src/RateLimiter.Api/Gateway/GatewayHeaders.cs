using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Checks;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// Says what gateways ask in headers, which <see cref="GatewayRequest"/> reads, and that a decision is told in headers too,
/// whatever its status is.
/// </summary>
internal sealed class GatewayHeaders : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        Take(
            GatewayRequest.UserHeader,
            Text(Names.MaxUserLength),
            "The user, 1 to 256 characters; the caller's address, or its /64 of IPv6, when left out."
        );
        Take(
            GatewayRequest.RouteHeader,
            Text(Names.MaxRouteLength),
            "What the user wants to do, 1 to 128 characters; by the forwarded method and path when left out."
        );
        Take(
            GatewayRequest.RoleHeader,
            Text(Names.MaxRoleLength),
            "The user's role, 1 to 128 characters; the default role when left out."
        );
        Take(
            GatewayRequest.CostHeader,
            new JsonSchema
            {
                Type = JsonObjectType.Integer,
                Minimum = 0,
                Maximum = Limit.MaxPermits,
                Default = CheckRequest.DefaultCost,
            },
            "How many permits, 0 to 1,000,000,000."
        );
        foreach (var header in GatewayRequest.MethodHeaders)
        {
            Take(header, Text(), "The method of the request that the gateway holds.");
        }

        foreach (var header in GatewayRequest.PathHeaders)
        {
            Take(header, Text(), "Its path, or its whole URI.");
        }

        var operation = context.OperationDescription.Operation;
        var canChooseStatus = operation.Parameters.Any(it => it.Name == "deny_status");
        foreach (var (status, answer) in operation.Responses)
        {
            var isDenial = status == "429" || (status == "403" && canChooseStatus);
            if (isDenial || status is "200" or "204")
            {
                DecisionHeaders.AddTo(answer);
            }

            if (isDenial)
            {
                DecisionHeaders.AddWaitTo(answer);
            }
        }

        return true;

        void Take(string header, JsonSchema schema, string description) =>
            context.OperationDescription.Operation.Parameters.Add(
                new OpenApiParameter
                {
                    Kind = OpenApiParameterKind.Header,
                    Name = header,
                    Description = description,
                    Schema = schema,
                }
            );
    }

    private static JsonSchema Text(int? maxLength = null) =>
        new() { Type = JsonObjectType.String, MaxLength = maxLength };
}
